-- A data file as format 5 wrote it: PRAGMA application_id 1668574818, user_version 5.
BEGIN TRANSACTION;
CREATE TABLE answers (
    queue     INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    answer_us INTEGER NOT NULL
);
INSERT INTO "answers" VALUES(1,1772366460000000);
INSERT INTO "answers" VALUES(1,1772366460000000);
INSERT INTO "answers" VALUES(1,1772366460000000);
CREATE TABLE audited (
    row     INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    at_us   INTEGER NOT NULL,
    entry   BLOB NOT NULL
);
CREATE TABLE blocked_queues (
    name     TEXT PRIMARY KEY,
    until_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE clock (now_us INTEGER NOT NULL);
INSERT INTO "clock" VALUES(1772366490000000);
CREATE TABLE cmek (
    location TEXT PRIMARY KEY,           -- projects/P/locations/L
    kms_key  TEXT NOT NULL               -- empty: Google's own
) WITHOUT ROWID;
CREATE TABLE generations (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    queue    INTEGER NOT NULL,           -- which may be gone
    until_us INTEGER                     -- NULL: still in use; else how long the names of its tasks stay blocked
, tasks INTEGER NOT NULL DEFAULT 0);
INSERT INTO "generations" VALUES(1,1,NULL,4);
INSERT INTO "generations" VALUES(2,2,NULL,1);
CREATE TABLE given_up (
    row            INTEGER PRIMARY KEY,
    queue          TEXT NOT NULL,        -- full name: the queue may be gone
    at_us          INTEGER NOT NULL,
    id             TEXT NOT NULL,
    schedule_us    INTEGER NOT NULL,
    create_us      INTEGER NOT NULL,
    dispatch_count INTEGER NOT NULL,
    response_count INTEGER NOT NULL,
    attempts       TEXT NOT NULL,
    head           TEXT NOT NULL,
    payload        TEXT NOT NULL
);
CREATE TABLE happened (
    row      INTEGER PRIMARY KEY,
    queue    INTEGER NOT NULL,           -- of told_queues
    first_us INTEGER NOT NULL,
    last_us  INTEGER NOT NULL,
    count    INTEGER NOT NULL,           -- records
    records  BLOB NOT NULL               -- msgpack
);
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
CREATE TABLE noted (
    row   INTEGER PRIMARY KEY,
    notes BLOB NOT NULL                  -- msgpack
);
CREATE TABLE oauth_tokens (
    digest   BLOB PRIMARY KEY,
    member   TEXT NOT NULL,              -- user:…, serviceAccount:…
    client   TEXT NOT NULL,
    scope    TEXT NOT NULL,
    until_us INTEGER                     -- NULL: a refresh token
) WITHOUT ROWID;
CREATE TABLE operations (
    name        TEXT PRIMARY KEY,        -- full name
    until_us    INTEGER NOT NULL,        -- how long it is kept
    fingerprint BLOB NOT NULL,           -- of the call: method, parent and body
    answer      BLOB NOT NULL            -- the Operation message as JSON, deflated
);
CREATE TABLE queues (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: an attempt may outlive its queue
    parent     TEXT NOT NULL,            -- projects/P/locations/L
    name       TEXT NOT NULL UNIQUE,     -- full name
    config     TEXT NOT NULL,            -- the Queue message as JSON: targets, rates, retries, TTLs
    state      TEXT NOT NULL,
    purge_us   INTEGER,
    policy     TEXT,                     -- the Policy message as JSON, once one was set
    generation INTEGER NOT NULL UNIQUE   -- of its tasks
);
INSERT INTO "queues" VALUES(1,'projects/local/locations/us-central1','projects/local/locations/us-central1/queues/emails','{"httpTarget":{},"rateLimits":{"maxTasksDispatchedPerSecond":500,"maxBurstSize":100,"maxConcurrentTasks":1000},"retryConfig":{"maxAttempts":5,"minBackoff":"60s","maxBackoff":"3600s","maxDoublings":16},"taskTtl":"2678400s","tombstoneTtl":"3600s","stackdriverLoggingConfig":{"samplingRatio":1.0}}','PAUSED',NULL,NULL,1);
INSERT INTO "queues" VALUES(2,'projects/local/locations/us-central1','projects/local/locations/us-central1/queues/pull','{"pullTarget":{},"rateLimits":{"maxTasksDispatchedPerSecond":10000,"maxBurstSize":10000,"maxConcurrentTasks":-1},"retryConfig":{"maxAttempts":100,"minBackoff":"0s","maxBackoff":"0s","maxDoublings":0},"taskTtl":"2678400s","tombstoneTtl":"3600s"}','RUNNING',NULL,NULL,2);
CREATE TABLE tasks (
    row            INTEGER PRIMARY KEY,
    generation     INTEGER NOT NULL,
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
, logged INTEGER NOT NULL DEFAULT 0);
INSERT INTO "tasks" VALUES(1,1,'t0',1772366400000000,1772366580000000,1772366400000000,1775044800000000,NULL,2,0,0,NULL,0,',"firstAttemptStatus":{"dispatchTime":"2026-03-01T12:00:00Z"},"lastAttemptStatus":{"scheduleTime":"2026-03-01T12:01:00Z","dispatchTime":"2026-03-01T12:01:00Z","responseTime":"2026-03-01T12:01:00Z","responseStatus":{"code":14,"message":"UNAVAILABLE(14): Multiple exceptions: [Errno 111] Connect call failed (''::1'', 1, 0, 0), [Errno 111] Connect call failed (''127.0.0.1'', 1)"}}','"httpRequest":{"url":"http://localhost:1/","httpMethod":"POST","headers":{"Content-Type":"application/json","User-Agent":"Google-Cloud-Tasks"}',',"body":"eyJuIjowfQ=="',1);
INSERT INTO "tasks" VALUES(2,1,'t1',1772366400000000,1772366580000000,1772366400000000,1775044800000000,NULL,2,0,0,NULL,0,',"firstAttemptStatus":{"dispatchTime":"2026-03-01T12:00:00Z"},"lastAttemptStatus":{"scheduleTime":"2026-03-01T12:01:00Z","dispatchTime":"2026-03-01T12:01:00Z","responseTime":"2026-03-01T12:01:00Z","responseStatus":{"code":14,"message":"UNAVAILABLE(14): Multiple exceptions: [Errno 111] Connect call failed (''127.0.0.1'', 1), [Errno 111] Connect call failed (''::1'', 1, 0, 0)"}}','"httpRequest":{"url":"http://localhost:1/","httpMethod":"POST","headers":{"Content-Type":"application/json","User-Agent":"Google-Cloud-Tasks"}',',"body":"eyJuIjoxfQ=="',1);
INSERT INTO "tasks" VALUES(3,1,'t2',1772366400000000,1772366580000000,1772366400000000,1775044800000000,NULL,2,0,0,NULL,0,',"firstAttemptStatus":{"dispatchTime":"2026-03-01T12:00:00Z"},"lastAttemptStatus":{"scheduleTime":"2026-03-01T12:01:00Z","dispatchTime":"2026-03-01T12:01:00Z","responseTime":"2026-03-01T12:01:00Z","responseStatus":{"code":14,"message":"UNAVAILABLE(14): Multiple exceptions: [Errno 111] Connect call failed (''::1'', 1, 0, 0), [Errno 111] Connect call failed (''127.0.0.1'', 1)"}}','"httpRequest":{"url":"http://localhost:1/","httpMethod":"POST","headers":{"Content-Type":"application/json","User-Agent":"Google-Cloud-Tasks"}',',"body":"eyJuIjoyfQ=="',1);
INSERT INTO "tasks" VALUES(4,1,'later',1772539200000000,1772539200000000,1772366400000000,1775044800000000,NULL,0,0,0,NULL,0,'','"httpRequest":{"url":"http://localhost:1/","httpMethod":"POST","headers":{"Content-Type":"application/json","User-Agent":"Google-Cloud-Tasks"}',',"body":"eyJuIjo5fQ=="',1);
INSERT INTO "tasks" VALUES(5,2,'p1',1772366400000000,1772366400000000,1772366400000000,1775044800000000,'a',0,0,0,NULL,0,'','"pullMessage":{"tag":"a"',',"payload":"eA=="',0);
CREATE TABLE told_queues (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,           -- full name
    target_type TEXT NOT NULL,           -- HTTP, APP_ENGINE, PULL; empty for a queue that never existed
    dropped     INTEGER NOT NULL DEFAULT 0,    -- attempts that were deleted to save space
    UNIQUE (name, target_type)
);
CREATE TABLE tombstones (
    queue    INTEGER NOT NULL,           -- which may be gone
    id       TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE INDEX queues_by_parent ON queues (parent, name);
CREATE INDEX generations_left ON generations (queue) WHERE until_us IS NOT NULL;
CREATE UNIQUE INDEX tasks_by_id ON tasks (generation, id);
CREATE INDEX tasks_by_first ON tasks (generation, first_us, id);
CREATE INDEX tasks_by_schedule ON tasks (generation, schedule_us, id);
CREATE INDEX tasks_by_tag ON tasks (generation, tag, first_us, id) WHERE tag IS NOT NULL;
CREATE INDEX tasks_to_lease ON tasks (generation, tag, schedule_us, id) WHERE tag IS NOT NULL;
CREATE INDEX tasks_to_dispatch ON tasks (generation, schedule_us, id) WHERE in_flight = 0 AND tag IS NULL;
CREATE INDEX tasks_by_expiry ON tasks (expire_us);
CREATE INDEX tasks_in_flight ON tasks (generation) WHERE in_flight > 0;
CREATE INDEX tombstones_by_expiry ON tombstones (until_us);
CREATE INDEX answers_by_queue ON answers (queue, answer_us);
CREATE INDEX operations_by_expiry ON operations (until_us);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (until_us) WHERE until_us IS NOT NULL;
CREATE INDEX happened_by_queue ON happened (queue, last_us, first_us, count);
CREATE INDEX audited_by_time ON audited (project, at_us);
CREATE INDEX given_up_by_queue ON given_up (queue, row);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('queues',2);
INSERT INTO "sqlite_sequence" VALUES('generations',2);
COMMIT;
