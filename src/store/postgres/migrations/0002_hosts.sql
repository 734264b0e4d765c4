-- The table of SQLite's migration 0007.
CREATE TABLE hosts (
  name        text COLLATE "C" PRIMARY KEY,
  epoch       bigint NOT NULL,
  token_hash  text NOT NULL,
  created_at  bigint NOT NULL,
  alive_until bigint,
  seen_at     bigint,
  revoked_at  bigint
);
ALTER TABLE sessions ADD COLUMN host text COLLATE "C";
