-- Machines that join the door and run agents of their own.
CREATE TABLE hosts (
  name        TEXT PRIMARY KEY,
  -- Counts the processes that have served for it.
  epoch       INTEGER NOT NULL,
  -- SHA-256, in hexadecimal.
  token_hash  TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  -- Until then its process counts as there, and when it last said so; null while none has come.
  alive_until INTEGER,
  seen_at     INTEGER,
  revoked_at  INTEGER
) STRICT;

-- The machine that a session belongs to; null: the door's own.
ALTER TABLE sessions ADD COLUMN host TEXT;
