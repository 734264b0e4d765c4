-- Counts what changes of grants, sessions and the clock, but not their use: who reads beside the writer goes on believing
-- what it has read of them until this number is another one. A grant that was not found is looked for again, and neither a
-- grant nor a session is ever removed.
CREATE TRIGGER grant_changed AFTER UPDATE OF channel, verb, label, expires_at, revoked_at ON grants BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER session_added AFTER INSERT ON sessions BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER session_changed AFTER UPDATE ON sessions BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER clock_jumped AFTER INSERT ON clock_jumps BEGIN
  INSERT INTO tallies (kind, name, n) VALUES ('changes', 'all', 1)
    ON CONFLICT (kind, name) DO UPDATE SET n = n + 1;
END;
