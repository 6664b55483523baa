-- Instants are microseconds since 1970. Version 6.

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
CREATE INDEX queues_by_parent ON queues (parent, name);

-- A purge or a deletion changes only this number; the sweeper deletes tasks of old generations in small steps.
CREATE TABLE generations (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    queue    INTEGER NOT NULL,           -- may be deleted
    until_us INTEGER,                    -- NULL: in use; else the end of blocking its task names
    tasks    INTEGER NOT NULL DEFAULT 0  -- their number, written with each change
);
CREATE INDEX generations_left ON generations (queue) WHERE until_us IS NOT NULL;

-- Names of deleted queues. They stay blocked for a while.
CREATE TABLE blocked_queues (
    name     TEXT PRIMARY KEY,
    until_us INTEGER NOT NULL
) WITHOUT ROWID;

-- `head` and `payload` are ready-made JSON: a page of tasks is concatenated, not encoded.
CREATE TABLE tasks (
    row            INTEGER PRIMARY KEY,
    generation     INTEGER NOT NULL,
    id             TEXT NOT NULL,
    first_us       INTEGER NOT NULL,     -- the schedule time at creation: never changes, so pages are stable
    schedule_us    INTEGER NOT NULL,
    create_us      INTEGER NOT NULL,
    expire_us      INTEGER NOT NULL,
    tag            TEXT,                 -- NULL unless a pull task
    dispatch_count INTEGER NOT NULL DEFAULT 0,
    response_count INTEGER NOT NULL DEFAULT 0,
    execution_count INTEGER NOT NULL DEFAULT 0,  -- responses from the handler itself
    previous_code  INTEGER,              -- HTTP status of the last finished attempt
    in_flight      INTEGER NOT NULL DEFAULT 0,
    attempts       TEXT NOT NULL DEFAULT '',     -- first and last AttemptStatus, as members of a JSON object
    head           TEXT NOT NULL,        -- the request without its payload, as an unclosed JSON object
    payload        TEXT NOT NULL,        -- the payload as the last member of that object; empty when there is none
    logged         INTEGER NOT NULL DEFAULT 0    -- whether entries:list shows it, sampled at creation
);
CREATE UNIQUE INDEX tasks_by_id ON tasks (generation, id);
CREATE INDEX tasks_by_first ON tasks (generation, first_us, id);
CREATE INDEX tasks_by_schedule ON tasks (generation, schedule_us, id);
CREATE INDEX tasks_by_tag ON tasks (generation, tag, first_us, id) WHERE tag IS NOT NULL;
CREATE INDEX tasks_to_lease ON tasks (generation, tag, schedule_us, id) WHERE tag IS NOT NULL;
CREATE INDEX tasks_to_dispatch ON tasks (generation, schedule_us, id) WHERE in_flight = 0 AND tag IS NULL;
CREATE INDEX tasks_by_expiry ON tasks (expire_us);
CREATE INDEX tasks_in_flight ON tasks (generation) WHERE in_flight > 0;

-- Names of finished and deleted tasks. They stay blocked for a while.
CREATE TABLE tombstones (
    queue    INTEGER NOT NULL,           -- may be deleted
    id       TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE INDEX tombstones_by_expiry ON tombstones (until_us);

-- Finished operations: the responses of batch calls, for operations.get and for repeats of the same call.
CREATE TABLE operations (
    name        TEXT PRIMARY KEY,        -- full name
    until_us    INTEGER NOT NULL,        -- it is kept until then
    fingerprint BLOB NOT NULL,           -- of the call: method, parent and body
    answer      BLOB NOT NULL            -- the Operation message as JSON, deflated
);
CREATE INDEX operations_by_expiry ON operations (until_us);

-- The encryption keys of locations. They are stored only: nothing is encrypted here.
CREATE TABLE cmek (
    location TEXT PRIMARY KEY,           -- projects/P/locations/L
    kms_key  TEXT NOT NULL               -- empty: Google's default
) WITHOUT ROWID;

-- Tokens that the /token endpoint issued. Only digests are stored, which nobody can use in calls.
CREATE TABLE oauth_tokens (
    digest   BLOB PRIMARY KEY,
    member   TEXT NOT NULL,              -- user:…, serviceAccount:…
    client   TEXT NOT NULL,
    scope    TEXT NOT NULL,
    until_us INTEGER                     -- NULL: a refresh token
) WITHOUT ROWID;
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (until_us) WHERE until_us IS NOT NULL;

-- The time at which a manual clock stopped: at most one row.
CREATE TABLE clock (now_us INTEGER NOT NULL);
