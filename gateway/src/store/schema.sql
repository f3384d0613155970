-- The embedded store, version 1. Version n+1 is a new file of changes; nothing here is edited after a release.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every input of the engine, in order. Readings carry what became of them.
CREATE TABLE log (
    seq   INTEGER PRIMARY KEY,
    now   INTEGER NOT NULL,          -- milliseconds since 1970
    kind  INTEGER NOT NULL,          -- 1 readings, 2 tick, 3 catalog, 4 rules, 5 order, 6 policy
    first INTEGER NOT NULL,          -- earliest and latest phenomenon time in the body, milliseconds since 1970
    last  INTEGER NOT NULL,
    body  BLOB NOT NULL
) STRICT;
CREATE INDEX log_now ON log (now);

-- Numbers of datastreams, given once.
CREATE TABLE datastream (
    id      INTEGER PRIMARY KEY,
    station TEXT NOT NULL,
    name    TEXT NOT NULL,
    UNIQUE (station, name)
) STRICT;

-- Incidents as they stand, and each of their changes. The body is the whole of it as JSON.
CREATE TABLE incident (
    id      TEXT PRIMARY KEY,
    hazard  TEXT NOT NULL,
    area    TEXT NOT NULL,
    state   TEXT NOT NULL,
    level   TEXT NOT NULL,
    onset   INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_updated ON incident (updated);

CREATE TABLE transition (
    id       INTEGER PRIMARY KEY,    -- also the id of server-sent events
    seq      INTEGER NOT NULL,       -- the record that caused it
    incident TEXT NOT NULL,
    time     INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX transition_incident ON transition (incident);

-- Messages that were issued: identifier and sent are frozen here.
CREATE TABLE message (
    identifier TEXT PRIMARY KEY,
    incident   TEXT NOT NULL,
    sent       INTEGER NOT NULL,
    transition INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each channel has spoken: everything after that transition is still to be said.
CREATE TABLE spoken (
    channel    TEXT PRIMARY KEY,
    transition INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Things that happened at a station, each at most once.
CREATE TABLE event (
    station TEXT NOT NULL,
    id      TEXT NOT NULL,
    time    INTEGER NOT NULL,
    type    TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (station, id)
) STRICT, WITHOUT ROWID;

-- QoS 2 messages of devices whose exchange may outlive a restart: the latest of each session and packet identifier.
CREATE TABLE receipt (
    session   TEXT NOT NULL,
    packet_id INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    PRIMARY KEY (session, packet_id)
) STRICT, WITHOUT ROWID;

-- Devices and the digests of their secrets.
CREATE TABLE device (
    username TEXT PRIMARY KEY,
    digest   BLOB NOT NULL,
    stations TEXT NOT NULL,
    created  INTEGER NOT NULL,
    revoked  INTEGER
) STRICT, WITHOUT ROWID;

-- Where rules cannot decide.
CREATE TABLE undecided (
    rule  TEXT NOT NULL,
    place TEXT NOT NULL,
    body  TEXT NOT NULL,
    PRIMARY KEY (rule, place)
) STRICT, WITHOUT ROWID;

-- What was refused, bounded: the oldest go first.
CREATE TABLE dead_letter (
    id       INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    source   TEXT NOT NULL,
    station  TEXT,
    reason   TEXT NOT NULL,
    remedy   TEXT NOT NULL,
    payload  BLOB NOT NULL
) STRICT;

-- What the engine keeps over a restart besides the log: one row.
CREATE TABLE snapshot (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
