-- How many deliveries were received in each hour of their own time, and what became of them: of kind 'stored' and 'taken' by
-- how long that took (the name is the least bound not below, in milliseconds), of kind 'failed' by the step that failed.
CREATE TABLE history (
  hour INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  n    INTEGER NOT NULL,
  PRIMARY KEY (hour, kind, name)
) STRICT, WITHOUT ROWID;

-- What is stored already, with the bounds of domain/history.ts.
CREATE TEMP TABLE history_bounds AS
  WITH
    digits (digit) AS (VALUES (10), (12), (15), (20), (25), (30), (40), (50), (60), (80)),
    powers (power) AS (VALUES (1), (10), (100), (1000), (10000), (100000), (1000000), (10000000), (100000000))
  SELECT digit * power AS bound FROM digits, powers
  UNION SELECT column1 FROM (VALUES (1), (2), (3), (4), (5), (6), (8));

INSERT INTO history (hour, kind, name, n)
SELECT hour, kind, CAST(COALESCE((SELECT MIN(bound) FROM history_bounds WHERE bound >= ms), 8000000000) AS TEXT) AS name, SUM(n)
FROM (
  SELECT received_at / 3600000 AS hour, 'stored' AS kind, stored_at - received_at AS ms, COUNT(*) AS n
  FROM deliveries GROUP BY 1, 3
  UNION ALL
  SELECT received_at / 3600000, 'taken', accepted_at - received_at, COUNT(*)
  FROM deliveries WHERE accepted_at IS NOT NULL GROUP BY 1, 3
)
GROUP BY hour, kind, name;

INSERT INTO history (hour, kind, name, n)
SELECT received_at / 3600000, 'failed', failed_step, COUNT(*)
FROM deliveries WHERE state = 'FAILED' AND failed_step IS NOT NULL GROUP BY 1, 3;

DROP TABLE history_bounds;
