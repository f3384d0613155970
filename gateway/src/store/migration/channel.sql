-- What channels still owe, and what became of it. One row for each message, channel and recipient.
CREATE TABLE delivery (
    id         INTEGER PRIMARY KEY,
    channel    TEXT NOT NULL,
    target     TEXT NOT NULL,
    transition INTEGER NOT NULL,
    identifier TEXT NOT NULL,
    state      TEXT NOT NULL,          -- pending, sent, rejected, expired, superseded
    attempts   INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    detail     TEXT NOT NULL,
    UNIQUE (channel, target, identifier)
) STRICT;
CREATE INDEX delivery_state ON delivery (channel, state);

-- Who wants to hear of what. The address is all that is known of a person.
CREATE TABLE subscriber (
    id        TEXT PRIMARY KEY,        -- random
    channel   TEXT NOT NULL,
    address   TEXT NOT NULL,           -- an e-mail address, or a push subscription as JSON
    areas     TEXT NOT NULL,           -- JSON lists; empty: all
    hazards   TEXT NOT NULL,
    level     TEXT NOT NULL,
    language  TEXT NOT NULL,
    token     BLOB NOT NULL,           -- the digest of what confirms and unsubscribes
    confirmed INTEGER,
    created   INTEGER NOT NULL,
    UNIQUE (channel, address)
) STRICT, WITHOUT ROWID;

-- What citizens saw. `token` is the digest of a device's own random number: it tells two reports apart, nobody from nobody.
CREATE TABLE report (
    id       INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    hazard   TEXT NOT NULL,
    area     TEXT NOT NULL,
    what     TEXT NOT NULL,
    value    TEXT NOT NULL,
    token    BLOB NOT NULL
) STRICT;
CREATE INDEX report_received ON report (received);
