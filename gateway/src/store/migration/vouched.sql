-- Accounts that a provider of OpenID Connect may vouch for: the provider, and the person there once one has come.
CREATE TABLE vouched (
    username TEXT PRIMARY KEY,
    issuer   TEXT NOT NULL,
    subject  TEXT,                  -- null: whoever comes first under the account's name
    until    INTEGER NOT NULL,      -- until when somebody may come first
    is_only  INTEGER NOT NULL,      -- a password opens the account no more
    UNIQUE (issuer, subject)
) STRICT, WITHOUT ROWID;
