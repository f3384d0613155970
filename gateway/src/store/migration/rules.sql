-- Every version of every rule that was ever in force, and of the overrides; a row without a text is the end of one.
CREATE TABLE rule_version (
    id     INTEGER PRIMARY KEY,
    rule   TEXT NOT NULL,
    file   TEXT NOT NULL,
    hash   TEXT NOT NULL,            -- SHA-256 of the text, empty at the end
    author TEXT NOT NULL,
    time   INTEGER NOT NULL,         -- since when it is in force
    seq    INTEGER NOT NULL,         -- the record that brought it
    text   TEXT
) STRICT;
CREATE INDEX rule_version_rule ON rule_version (rule, id);

-- What rules would have said of times that were over when they were told. Bounded: the oldest go first.
CREATE TABLE historic (
    id       INTEGER PRIMARY KEY,
    rule     TEXT NOT NULL,
    place    TEXT NOT NULL,
    time     INTEGER NOT NULL,
    level    TEXT NOT NULL,
    received INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
