-- Instants are microseconds since 1970. Version 1.

CREATE TABLE queues (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: an attempt may outlive its queue
    parent   TEXT NOT NULL,              -- projects/P/locations/L
    name     TEXT NOT NULL UNIQUE,       -- full name
    config   TEXT NOT NULL,              -- the Queue message as JSON: targets, rates, retries, TTLs
    state    TEXT NOT NULL,
    purge_us INTEGER,
    policy   TEXT                        -- the Policy message as JSON, once one was set
);
CREATE INDEX queues_by_parent ON queues (parent, name);

-- Names of deleted queues, which stay blocked for a while.
CREATE TABLE blocked_queues (
    name     TEXT PRIMARY KEY,
    until_us INTEGER NOT NULL
) WITHOUT ROWID;

-- `head` and `payload` are ready-made JSON: a page of tasks is put together, not encoded.
CREATE TABLE tasks (
    row            INTEGER PRIMARY KEY,
    queue          INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    id             TEXT NOT NULL,
    first_us       INTEGER NOT NULL,     -- the schedule time at creation: never changes, so pages hold still
    schedule_us    INTEGER NOT NULL,
    create_us      INTEGER NOT NULL,
    expire_us      INTEGER NOT NULL,
    tag            TEXT,                 -- NULL unless a pull task
    dispatch_count INTEGER NOT NULL DEFAULT 0,
    response_count INTEGER NOT NULL DEFAULT 0,
    execution_count INTEGER NOT NULL DEFAULT 0,  -- answers that came from the handler itself
    previous_code  INTEGER,              -- HTTP status of the last finished attempt
    in_flight      INTEGER NOT NULL DEFAULT 0,
    attempts       TEXT NOT NULL DEFAULT '',     -- first and last AttemptStatus, as members of a JSON object
    head           TEXT NOT NULL,        -- the request without its payload, as an unclosed JSON object
    payload        TEXT NOT NULL         -- the payload as the last member of that object; empty when there is none
);
CREATE UNIQUE INDEX tasks_by_id ON tasks (queue, id);
CREATE INDEX tasks_by_first ON tasks (queue, first_us, id);
CREATE INDEX tasks_by_schedule ON tasks (queue, schedule_us, id);
CREATE INDEX tasks_by_tag ON tasks (queue, tag, first_us, id) WHERE tag IS NOT NULL;
CREATE INDEX tasks_by_expiry ON tasks (expire_us);
CREATE INDEX tasks_in_flight ON tasks (queue) WHERE in_flight > 0;

-- Names of finished and deleted tasks, which cannot be used again for a while.
CREATE TABLE tombstones (
    queue    INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    id       TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE INDEX tombstones_by_expiry ON tombstones (until_us);

-- When attempts were answered, for the statistics of the last minute.
CREATE TABLE answers (
    queue     INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    answer_us INTEGER NOT NULL
);
CREATE INDEX answers_by_queue ON answers (queue, answer_us);
