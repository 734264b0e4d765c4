CREATE TABLE grants (
  id           TEXT PRIMARY KEY,
  session      TEXT NOT NULL,
  verb         TEXT NOT NULL,
  label        TEXT,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  revoked_at   INTEGER,
  last_used_at INTEGER,
  uses         INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_session ON grants (session, created_at, id);
CREATE INDEX grants_by_time ON grants (created_at, id);

-- A row is never deleted: an ended session is its own tombstone.
CREATE TABLE sessions (
  id         TEXT PRIMARY KEY,
  generation TEXT NOT NULL,
  driver     TEXT NOT NULL,
  settings   TEXT NOT NULL,
  state      TEXT NOT NULL,
  why        TEXT,
  exit_code  INTEGER,
  opened_at  INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT, WITHOUT ROWID;

-- The inbox sessions that exist from the start (see domain/session.ts).
INSERT INTO sessions (id, generation, driver, settings, state, opened_at) VALUES
  ('default', 'standing', 'inbox', '{}', 'live', CAST(unixepoch('subsec') * 1000 AS INTEGER)),
  ('webhook-agent', 'standing', 'inbox', '{}', 'live', CAST(unixepoch('subsec') * 1000 AS INTEGER));

-- seq is the order of arrival. An id tells its seq (seqOf in domain/delivery.ts), so ids need no index.
-- Wide columns stand last, so that lists never read them.
CREATE TABLE deliveries (
  seq             INTEGER PRIMARY KEY,
  id              TEXT NOT NULL,
  session         TEXT NOT NULL,
  door            TEXT NOT NULL,
  action          TEXT NOT NULL,
  state           TEXT NOT NULL,
  phase           TEXT NOT NULL,
  reason          TEXT,
  detail          TEXT,
  received_at     INTEGER NOT NULL,
  stored_at       INTEGER NOT NULL,
  due_at          INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  attempts        INTEGER NOT NULL,
  tries           INTEGER NOT NULL,
  leased_until    INTEGER,
  accepted_at     INTEGER,
  settled_at      INTEGER,
  idempotency_key TEXT,
  message         TEXT NOT NULL,
  answer          TEXT,
  -- JSON of what most deliveries have none or little of (Aside in rows.ts): each column costs every knock.
  aside           TEXT NOT NULL,
  payload         BLOB
) STRICT;
CREATE INDEX deliveries_queue ON deliveries (session, seq) WHERE state IN ('PENDING', 'RETRY') AND phase = 'deliver';
CREATE INDEX deliveries_callbacks ON deliveries (due_at) WHERE state IN ('PENDING', 'RETRY') AND phase = 'callback';
CREATE INDEX deliveries_retrying ON deliveries (seq) WHERE state = 'RETRY';
CREATE INDEX deliveries_failed ON deliveries (seq) WHERE state = 'FAILED';
CREATE INDEX deliveries_keys ON deliveries (door, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE attempts (
  delivery   INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  outcome    TEXT,
  detail     TEXT,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_open ON attempts (delivery) WHERE ended_at IS NULL;

CREATE TABLE events (
  delivery INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  detail   TEXT,
  PRIMARY KEY (delivery, n)
) STRICT, WITHOUT ROWID;

-- How many deliveries are in each state (kind 'state'), and unfinished in each session (kind 'queue').
-- Of kind 'purged' is the highest seq that was ever erased.
CREATE TABLE tallies (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  n    INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE probes (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL
) STRICT;
