-- The files of the sealed history, each a run of records: after < seq <= until. The runs follow one another without a hole.
CREATE TABLE sealed (
    id    INTEGER PRIMARY KEY,
    file  TEXT NOT NULL UNIQUE,      -- its name in the folder history beside this file
    after INTEGER NOT NULL,          -- the last record before it
    until INTEGER NOT NULL,          -- the last record in it
    began INTEGER NOT NULL,          -- when the first and the last record in it were taken in
    ended INTEGER NOT NULL,
    first INTEGER NOT NULL,          -- earliest and latest phenomenon time in it
    last  INTEGER NOT NULL,
    rows  INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    head  BLOB NOT NULL,             -- a copy of its index
    gone  INTEGER                    -- since when it is no longer kept; null: it is
) STRICT;
CREATE INDEX sealed_until ON sealed (until);

-- Readings that came an hour late and more: so that what is long ago is found without reading what is new.
CREATE INDEX log_late ON log (first) WHERE kind = 1 AND first < now - 3600000;
