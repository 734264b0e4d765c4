-- The newest commit of each connection that writes: by it a connection that was lost around a COMMIT learns what became of that.
CREATE TABLE writers (
  id     text COLLATE "C" PRIMARY KEY,
  commit bigint NOT NULL,
  at     bigint NOT NULL
);
