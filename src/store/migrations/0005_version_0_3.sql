-- What version 0.3 adds.

-- How often a grant may be used (null: as often as one likes), since when it is paused, which of its tokens opens it (the one
-- before does so, too, until `previous_until`), and the one opening of its session that it is for.
ALTER TABLE grants ADD COLUMN max_uses INTEGER;
ALTER TABLE grants ADD COLUMN paused_at INTEGER;
ALTER TABLE grants ADD COLUMN serial INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN previous_until INTEGER;
ALTER TABLE grants ADD COLUMN generation TEXT;

DROP TRIGGER grant_changed;
CREATE TRIGGER grant_changed
AFTER UPDATE OF channel, verb, label, expires_at, revoked_at, max_uses, paused_at, serial, previous_until, generation ON grants
BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER grant_used_up AFTER UPDATE OF uses ON grants WHEN new.uses >= new.max_uses BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;

-- Hooks (`hook:<name>`) and sessions (`session:<id>`) whose messages are held by hand.
CREATE TABLE pauses (
  target TEXT PRIMARY KEY,
  since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER paused AFTER INSERT ON pauses BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER resumed AFTER DELETE ON pauses BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;

-- What agents wait for: a grant of one use, and what they are told when nobody uses it.
CREATE TABLE waits (
  seq         INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  grant_id    TEXT NOT NULL UNIQUE,
  session     TEXT NOT NULL,
  generation  TEXT NOT NULL,
  state       TEXT NOT NULL,
  what        TEXT NOT NULL,
  plan        TEXT,
  or_else     TEXT,
  accept      TEXT NOT NULL,
  -- The agent's own name for it: asking again with the same one makes no second wait.
  key         TEXT,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  closed_at   INTEGER,
  -- The delivery that answered it, or that tells of its end.
  delivery    TEXT,
  -- Rises with every change, so that an agent reads what is new.
  changed     INTEGER NOT NULL
) STRICT;
CREATE INDEX waits_open ON waits (expires_at) WHERE state = 'armed';
CREATE INDEX waits_by_session ON waits (session, generation, seq);
CREATE INDEX waits_changed ON waits (changed);

-- Who wants to be told of what, as the configuration of the last server says: commands write happenings by it, too.
CREATE TABLE notice_rules (
  place   INTEGER PRIMARY KEY,
  name    TEXT NOT NULL,
  -- Names of happenings, as a JSON list.
  wanted  TEXT NOT NULL,
  session TEXT NOT NULL
) STRICT;

-- What happened that somebody wants to be told, written with the change itself.
CREATE TABLE happenings (
  seq     INTEGER PRIMARY KEY,
  name    TEXT NOT NULL,
  -- Null where it is about none.
  session TEXT,
  -- What keeps one thing from being told twice; null where every row is news.
  once    TEXT UNIQUE,
  at      INTEGER NOT NULL,
  data    TEXT NOT NULL
) STRICT;

-- Messages to those who want to be told: one for each rule that a happening fits. What they say is made when they are sent.
CREATE TABLE notices (
  seq        INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  happening  INTEGER NOT NULL,
  rule       TEXT NOT NULL,
  state      TEXT NOT NULL,
  failures   INTEGER NOT NULL,
  due_at     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  detail     TEXT
) STRICT;
CREATE INDEX notices_due ON notices (rule, due_at) WHERE state = 'PENDING';
CREATE INDEX notices_waiting ON notices (rule, seq) WHERE state = 'PENDING';
CREATE INDEX notices_settled ON notices (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX notices_by_happening ON notices (happening);

-- Sessions whose agents' requests are put before people.
ALTER TABLE sessions ADD COLUMN decisions INTEGER NOT NULL DEFAULT 0;

-- What agents ask a person, and what was decided.
CREATE TABLE decisions (
  seq        INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  session    TEXT NOT NULL,
  generation TEXT NOT NULL,
  -- The agent's own name for it.
  request    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  title      TEXT NOT NULL,
  detail     TEXT NOT NULL,
  state      TEXT NOT NULL,
  -- What a person decided by one of our doors, which one, and what happened where it was none of them.
  verdict    TEXT,
  door       TEXT,
  why        TEXT,
  opened_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  closed_at  INTEGER,
  -- The delivery whose turn asks.
  delivery   TEXT,
  -- The process that asks for the agent, where it is not the server: `pid start-time`.
  asker      TEXT
) STRICT;
CREATE UNIQUE INDEX decisions_open ON decisions (session, generation, request) WHERE closed_at IS NULL;
CREATE INDEX decisions_by_delivery ON decisions (delivery) WHERE delivery IS NOT NULL;
