-- What version 0.2 adds.

-- Which home this database belongs to: the same mark lies beside the keys.
CREATE TABLE home_mark (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  mark TEXT NOT NULL
) STRICT;

-- How far the wall clock is ahead of the time that all of a delivery goes by, and the newest of that time (steady-clock.ts).
CREATE TABLE steady_time (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  skew INTEGER NOT NULL,
  seen INTEGER NOT NULL
) STRICT;
