-- A data file as format 2 wrote it: PRAGMA application_id 1668574818, user_version 2.
BEGIN TRANSACTION;
CREATE TABLE answers (
    queue     INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    answer_us INTEGER NOT NULL
);
CREATE TABLE blocked_queues (
    name     TEXT PRIMARY KEY,
    until_us INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "blocked_queues" VALUES('projects/local/locations/us-central1/queues/old',1772625600000000);
CREATE TABLE cmek (
    location TEXT PRIMARY KEY,           -- projects/P/locations/L
    kms_key  TEXT NOT NULL               -- empty: Google's own
) WITHOUT ROWID;
INSERT INTO "cmek" VALUES('projects/local/locations/us-central1','projects/p/locations/us-central1/keyRings/r/cryptoKeys/k');
CREATE TABLE generations (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    queue    INTEGER NOT NULL,           -- which may be gone
    until_us INTEGER                     -- NULL: still in use; else how long the names of its tasks stay blocked
);
INSERT INTO "generations" VALUES(1,1,NULL);
INSERT INTO "generations" VALUES(2,2,NULL);
INSERT INTO "generations" VALUES(3,3,NULL);
INSERT INTO "generations" VALUES(4,4,NULL);
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
INSERT INTO "queues" VALUES(1,'projects/local/locations/us-central1','projects/local/locations/us-central1/queues/http','{"httpTarget":{},"rateLimits":{"maxTasksDispatchedPerSecond":5,"maxBurstSize":1,"maxConcurrentTasks":3},"retryConfig":{"maxAttempts":7,"minBackoff":"2s","maxBackoff":"3600s","maxDoublings":16},"taskTtl":"2678400s","tombstoneTtl":"3600s"}','PAUSED',NULL,NULL,1);
INSERT INTO "queues" VALUES(2,'projects/local/locations/us-central1','projects/local/locations/us-central1/queues/pull','{"pullTarget":{},"rateLimits":{"maxTasksDispatchedPerSecond":10000,"maxBurstSize":10000,"maxConcurrentTasks":-1},"retryConfig":{"maxAttempts":100,"minBackoff":"0s","maxBackoff":"0s","maxDoublings":0},"taskTtl":"2678400s","tombstoneTtl":"3600s"}','RUNNING',NULL,NULL,2);
INSERT INTO "queues" VALUES(3,'projects/local/locations/us-central1','projects/local/locations/us-central1/queues/app','{"appEngineHttpTarget":{"appEngineRoutingOverride":{"service":"worker","host":"worker.local.appspot.com"}},"rateLimits":{"maxTasksDispatchedPerSecond":500,"maxBurstSize":100,"maxConcurrentTasks":1000},"retryConfig":{"maxAttempts":100,"minBackoff":"0.100s","maxBackoff":"3600s","maxDoublings":16},"taskTtl":"2678400s","tombstoneTtl":"3600s"}','RUNNING',NULL,NULL,3);
INSERT INTO "queues" VALUES(4,'projects/local/locations/us-central1','projects/local/locations/us-central1/queues/target','{"httpTarget":{"uriOverride":{"host":"example.com"},"headerOverrides":[{"header":{"key":"X-Team","value":"mail"}}]},"rateLimits":{"maxTasksDispatchedPerSecond":500,"maxBurstSize":100,"maxConcurrentTasks":1000},"retryConfig":{"maxAttempts":100,"minBackoff":"0.100s","maxBackoff":"3600s","maxDoublings":16},"taskTtl":"2678400s","tombstoneTtl":"3600s"}','RUNNING',NULL,NULL,4);
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
);
INSERT INTO "tasks" VALUES(1,1,'one',1772370000000000,1772370000000000,1772366400000000,1775044800000000,NULL,0,0,0,NULL,0,'','"httpRequest":{"url":"https://example.com/send","httpMethod":"POST","headers":{"X-A":"1","Content-Type":"application/json","User-Agent":"Google-Cloud-Tasks"},"oidcToken":{"serviceAccountEmail":"bot@p.iam.gserviceaccount.com","audience":"https://example.com"}',',"body":"eyJ0byI6ImFkYSJ9"');
INSERT INTO "tasks" VALUES(2,1,'two',1772373600000000,1772373600000000,1772366400000000,1775044800000000,NULL,0,0,0,NULL,0,'','"httpRequest":{"url":"https://example.com/put","httpMethod":"PUT","headers":{"User-Agent":"Google-Cloud-Tasks"}',',"body":"AP8="');
INSERT INTO "tasks" VALUES(3,2,'p1',1772366400000000,1772367000000000,1772366400000000,1775044800000000,'blue',1,0,0,NULL,0,'','"pullMessage":{"tag":"blue"',',"payload":"d29yaw=="');
INSERT INTO "tasks" VALUES(4,2,'p2',1772366400000000,1772366400000000,1772366400000000,1775044800000000,'',0,0,0,NULL,0,'','"pullMessage":{','"payload":"eyJuIjoxfQ=="');
INSERT INTO "tasks" VALUES(5,3,'a1',1772366460000000,1772366460000000,1772366400000000,1775044800000000,NULL,0,0,0,NULL,0,'','"appEngineHttpRequest":{"httpMethod":"POST","relativeUrl":"/x","headers":{"Content-Type":"application/json","Content-Length":"7","User-Agent":"AppEngine-Google; (+http://code.google.com/appengine)"},"appEngineRouting":{"host":"local.appspot.com"}',',"payload":"eyJ4IjoxfQ=="');
INSERT INTO "tasks" VALUES(6,4,'b1',1772366400000000,1772366400000000,1772366400000000,1775044800000000,NULL,0,0,0,NULL,0,'','"httpRequest":{"url":"https://example.com","httpMethod":"POST","headers":{"Content-Type":"application/json","User-Agent":"Google-Cloud-Tasks"}',',"body":"eyJiIjoxfQ=="');
CREATE TABLE tombstones (
    queue    INTEGER NOT NULL,           -- which may be gone
    id       TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
INSERT INTO "tombstones" VALUES(1,'gone',1772370000000000);
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
COMMIT;
