-- What version 0.2 adds.

-- Which home this database belongs to: the same mark lies beside the keys.
CREATE TABLE home_mark (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  mark TEXT NOT NULL
) STRICT;
