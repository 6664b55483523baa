-- The history of tasks, for metrics and logs. Instants are microseconds since 1970.

-- Unprocessed notes, one row per commit, until they are posted to the tables below.
CREATE TABLE noted (
    row   INTEGER PRIMARY KEY,
    notes BLOB NOT NULL                  -- msgpack
);

-- Queues by name and kind. A row outlives its queue, and serves the next queue of that name and kind.
CREATE TABLE told_queues (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,           -- full name
    target_type TEXT NOT NULL,           -- HTTP, APP_ENGINE, PULL; empty for a queue that never existed
    dropped     INTEGER NOT NULL DEFAULT 0,    -- attempts that were deleted to save space
    UNIQUE (name, target_type)
);

-- Counters. `what` is a metric; `label`: its other labels, or a bucket of delays.
CREATE TABLE minutes (
    what    TEXT NOT NULL,
    queue   INTEGER NOT NULL,            -- of told_queues
    minute  INTEGER NOT NULL,            -- minutes since 1970
    label   TEXT NOT NULL,
    count   INTEGER,                     -- depth: the last one of the minute, NULL when the queue was deleted
    total   INTEGER NOT NULL,            -- delays: their sum in microseconds; depth: the largest one of the minute
    squares REAL NOT NULL,               -- delays: the sum of their squares, in milliseconds
    PRIMARY KEY (what, queue, minute, label)
) WITHOUT ROWID;

-- Records of tasks: each row holds the records that were posted together.
CREATE TABLE happened (
    row      INTEGER PRIMARY KEY,
    queue    INTEGER NOT NULL,           -- of told_queues
    first_us INTEGER NOT NULL,
    last_us  INTEGER NOT NULL,
    count    INTEGER NOT NULL,           -- records
    records  BLOB NOT NULL               -- msgpack
);
CREATE INDEX happened_by_queue ON happened (queue, last_us, first_us, count);

-- Audit entries as JSON: who changed which queue.
CREATE TABLE audited (
    row     INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    at_us   INTEGER NOT NULL,
    entry   BLOB NOT NULL
);
CREATE INDEX audited_by_time ON audited (project, at_us);
