-- What doors at one store have in common beside messages. A file has one door, and none of these tables.
CREATE TABLE door_facts (
  door  text COLLATE "C" PRIMARY KEY,
  facts text NOT NULL,
  at    bigint NOT NULL
);

-- Logins of the dashboard. The secrets in their cookies are kept nowhere; what stands in a note is sealed with one of them.
CREATE TABLE logins (
  digest     text COLLATE "C" PRIMARY KEY,
  -- Digest of the admin token that it was opened under.
  under      text NOT NULL,
  csrf       text NOT NULL,
  since      bigint NOT NULL,
  expires_at bigint NOT NULL,
  seen       text
);
CREATE TABLE login_links (
  digest     text COLLATE "C" PRIMARY KEY,
  under      text NOT NULL,
  expires_at bigint NOT NULL
);
CREATE TABLE login_notes (
  login text COLLATE "C" NOT NULL REFERENCES logins ON DELETE CASCADE,
  name  text COLLATE "C" NOT NULL,
  note  text NOT NULL,
  PRIMARY KEY (login, name)
);
