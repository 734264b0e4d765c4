-- Typed facts in place of `reason`, and columns called what the program calls them: source (was door), failures (was
-- attempts), attempts (was tries), extra (was aside). Built anew, so that wide columns still stand last.
CREATE TABLE deliveries_new (
  seq             INTEGER PRIMARY KEY,
  id              TEXT NOT NULL,
  session         TEXT NOT NULL,
  source          TEXT NOT NULL,
  action          TEXT NOT NULL,
  state           TEXT NOT NULL,
  phase           TEXT NOT NULL,
  failed_step     TEXT,
  held_because    TEXT,
  detail          TEXT,
  received_at     INTEGER NOT NULL,
  stored_at       INTEGER NOT NULL,
  due_at          INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  attempts        INTEGER NOT NULL,
  failures        INTEGER NOT NULL,
  leased_until    INTEGER,
  accepted_at     INTEGER,
  evidence        TEXT,
  turn_end        TEXT,
  settled_at      INTEGER,
  idempotency_key TEXT,
  message         TEXT NOT NULL,
  answer          TEXT,
  -- JSON of what most deliveries have none or little of (Extra in rows.ts): each column costs every knock.
  extra           TEXT NOT NULL,
  payload         BLOB
) STRICT;

INSERT INTO deliveries_new (
  seq, id, session, source, action, state, phase, failed_step, held_because, detail,
  received_at, stored_at, due_at, expires_at, attempts, failures, leased_until, accepted_at, evidence, turn_end,
  settled_at, idempotency_key, message, answer, extra, payload
)
SELECT
  seq, id, session, door, action, state, phase,
  iif(state = 'FAILED' OR phase = 'callback', reason, NULL),
  iif(state IN ('PENDING', 'RETRY') AND phase = 'deliver', reason, NULL),
  detail, received_at, stored_at, due_at, expires_at, tries, attempts, leased_until, accepted_at,
  iif(accepted_at IS NULL, NULL, (
    SELECT substr(detail, length('evidence: ') + 1) FROM events
    WHERE delivery = seq AND detail IN ('evidence: ack', 'evidence: echo', 'evidence: marker') ORDER BY n DESC LIMIT 1
  )),
  iif(accepted_at IS NULL, NULL, (
    SELECT CASE WHEN detail IS NULL THEN 'reported' WHEN detail LIKE '%inferred%' THEN 'inferred' END FROM events
    WHERE delivery = seq AND kind = 'turn_completed' ORDER BY n DESC LIMIT 1
  )),
  settled_at, idempotency_key, message, answer, aside, payload
FROM deliveries;

DROP TABLE deliveries;
ALTER TABLE deliveries_new RENAME TO deliveries;

CREATE INDEX deliveries_queue ON deliveries (session, seq) WHERE state IN ('PENDING', 'RETRY') AND phase = 'deliver';
CREATE INDEX deliveries_callbacks ON deliveries (due_at) WHERE state IN ('PENDING', 'RETRY') AND phase = 'callback';
CREATE INDEX deliveries_retrying ON deliveries (seq) WHERE state = 'RETRY';
CREATE INDEX deliveries_failed ON deliveries (seq) WHERE state = 'FAILED';
CREATE INDEX deliveries_keys ON deliveries (source, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
