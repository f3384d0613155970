-- People: accounts, what they log in with, and what everybody did. No secret stands here in the clear.
CREATE TABLE user (
    username  TEXT PRIMARY KEY,
    role      TEXT NOT NULL,
    password  TEXT,                 -- argon2id in PHC form; null: not chosen yet
    totp      BLOB,                 -- the shared secret of one-time codes; null: none
    totp_step INTEGER NOT NULL DEFAULT 0, -- the newest step whose code was taken: no code is taken twice
    created   INTEGER NOT NULL,
    disabled  INTEGER
) STRICT, WITHOUT ROWID;

-- One-time links: the first administrator's, and those that invite. A used one is gone.
CREATE TABLE link (
    digest   BLOB PRIMARY KEY,
    username TEXT,                  -- null: whoever comes first chooses
    expires  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    digest   BLOB PRIMARY KEY,
    username TEXT NOT NULL,
    csrf     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    expires  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Machine tokens: of programs, which have a role of their own.
CREATE TABLE token (
    id       INTEGER PRIMARY KEY,
    digest   BLOB NOT NULL UNIQUE,
    label    TEXT NOT NULL,
    role     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    made_by  TEXT NOT NULL,
    expires  INTEGER,
    revoked  INTEGER
) STRICT;

-- Who did what, from where. Each hash is of the one before and of the row, so that no row can be changed or taken out
-- unseen.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    who     TEXT NOT NULL,
    role    TEXT NOT NULL,
    address TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    record  INTEGER,                -- the log's record, where it went through the engine
    hash    BLOB NOT NULL
) STRICT;
CREATE INDEX audit_record ON audit (record) WHERE record IS NOT NULL;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
