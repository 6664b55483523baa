-- How many attempts ended in each tenth of a second, for the statistics of the last minute.
CREATE TABLE answers (
    queue INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
    tenth INTEGER NOT NULL,              -- tenths of a second since 1970
    count INTEGER NOT NULL,
    PRIMARY KEY (queue, tenth)
) WITHOUT ROWID;
