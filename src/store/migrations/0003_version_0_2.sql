-- What version 0.2 adds.

-- Which home this database belongs to: the same mark lies beside the keys.
CREATE TABLE home_mark (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  mark TEXT NOT NULL
) STRICT;

-- How far the wall clock was ahead of the time that all of a delivery goes by, from one such time on (steady-clock.ts).
CREATE TABLE clock_jumps (
  since INTEGER PRIMARY KEY,
  skew  INTEGER NOT NULL
) STRICT;
-- The same now, and the newest of that time.
CREATE TABLE steady_time (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  skew INTEGER NOT NULL,
  seen INTEGER NOT NULL
) STRICT;

-- Knocks that were turned away: the newest, and how many there were in each hour.
CREATE TABLE refusals (
  seq        INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  door       TEXT NOT NULL,
  hook       TEXT,
  grant_id   TEXT,
  status     INTEGER NOT NULL,
  code       TEXT NOT NULL,
  cause      TEXT NOT NULL,
  peer       TEXT NOT NULL,
  user_agent TEXT,
  request_id TEXT NOT NULL,
  likeness   TEXT NOT NULL
) STRICT;

CREATE TABLE refusal_counts (
  hour    INTEGER NOT NULL,
  code    TEXT NOT NULL,
  kind    TEXT NOT NULL,
  count   INTEGER NOT NULL,
  guesses INTEGER NOT NULL,
  PRIMARY KEY (hour, code, kind)
) STRICT, WITHOUT ROWID;

-- The signing keys that lie in this home, by a one-way mark of their bytes: a lost or exchanged one is noticed.
CREATE TABLE signing_keys (
  kid         TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  -- When its tokens stop verifying; null while it is in use.
  retire_at   INTEGER
) STRICT, WITHOUT ROWID;

-- A grant opens a channel, which is a session's or a hook's.
ALTER TABLE grants RENAME COLUMN session TO channel;
UPDATE grants SET channel = 'postern:/sessions/' || channel;
DROP INDEX grants_by_session;
CREATE INDEX grants_by_channel ON grants (channel, created_at, id);
