-- Texts of rules that wait for a second person, and what became of them.
CREATE TABLE rule_submission (
    id      INTEGER PRIMARY KEY,
    rule    TEXT NOT NULL,
    base    TEXT NOT NULL,           -- the hash of the version that its author saw in force
    text    TEXT NOT NULL,
    author  TEXT NOT NULL,
    session TEXT NOT NULL,           -- a name of the author's session that is no secret
    reason  TEXT NOT NULL,
    time    INTEGER NOT NULL,
    state   TEXT NOT NULL,           -- waiting, approved, rejected, withdrawn
    by      TEXT,                    -- who decided, when, and why
    decided INTEGER,
    answer  TEXT
) STRICT;
CREATE INDEX rule_submission_rule ON rule_submission (rule, state);
