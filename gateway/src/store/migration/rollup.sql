-- Hours and days of what was observed, for when the observations themselves are no longer kept.
CREATE TABLE rollup (
    every      INTEGER NOT NULL,     -- 1 hours of UTC, 2 days of the city
    datastream INTEGER NOT NULL,
    first      INTEGER NOT NULL,     -- of this time on, milliseconds since 1970
    until      INTEGER NOT NULL,     -- up to this one
    body       BLOB NOT NULL,        -- what was observed, as columns; its first byte is the number of its form
    PRIMARY KEY (every, datastream, first)
) STRICT, WITHOUT ROWID;
CREATE INDEX rollup_until ON rollup (every, until);

-- How far they reach: one row, or none where nothing was rolled up yet.
CREATE TABLE rolled (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    hours      INTEGER NOT NULL,     -- what was observed before stands in hours,
    days       INTEGER NOT NULL,     -- and before this in days,
    record     INTEGER NOT NULL,     -- as far as it came with this record or earlier
    hours_gone INTEGER NOT NULL,     -- hours before this are no longer kept,
    days_gone  INTEGER NOT NULL      -- and days before this
) STRICT;
