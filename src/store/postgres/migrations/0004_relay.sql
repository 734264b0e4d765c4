-- Between doors that share this store; SQLite has none of it. Not logged: nothing of it need outlive a crash.
CREATE UNLOGGED TABLE relayed (
  seq       bigint GENERATED ALWAYS AS IDENTITY,
  id        text,
  recipient text NOT NULL,
  body      text NOT NULL,
  at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNLOGGED TABLE host_abilities (
  host     text PRIMARY KEY,
  openings text NOT NULL
);
