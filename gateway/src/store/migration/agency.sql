-- What other agencies announce in CAP: what stands is said again as observations until it is over.
CREATE TABLE announcement (
    sender     TEXT NOT NULL,        -- sender, identifier and sent as a reference names them
    identifier TEXT NOT NULL,
    sent       TEXT NOT NULL,
    received   INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    state      TEXT NOT NULL,        -- standing; ending: over, and not said yet; over
    event      TEXT NOT NULL,
    headline   TEXT NOT NULL,
    levels     TEXT NOT NULL,        -- JSON: station -> level, 0 to 4
    text       BLOB NOT NULL,        -- as it came
    PRIMARY KEY (sender, identifier, sent)
) STRICT;
CREATE INDEX announcement_state ON announcement (state, received);
