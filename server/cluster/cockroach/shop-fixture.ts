/** What CockroachDB has beyond PostgreSQL, and names, texts and values that are easily got wrong. */
export function shopFixture(database: string): string {
  return `
  SET experimental_enable_hash_sharded_indexes = on;
  CREATE TYPE status AS ENUM ('new', 'paid', 'it''s "shipped"', 'NULL');
  CREATE SEQUENCE order_no START 100 INCREMENT 5;
  CREATE SEQUENCE down INCREMENT -2 MAXVALUE 50 START 50;
  CREATE SEQUENCE "own ed" START 7;
  CREATE TABLE customers (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(), email STRING NOT NULL UNIQUE, name STRING COLLATE en,
    tags STRING[], profile JSONB, created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    balance DECIMAL(12,2) NOT NULL DEFAULT 0 CHECK (balance >= 0), INVERTED INDEX (profile),
    INDEX by_created (created_at DESC) STORING (name), INDEX rich (balance) WHERE balance > 1000,
    FAMILY f1 (id, email), FAMILY f2 (name, tags, profile, created_at, balance));
  CREATE TABLE orders (
    no INT8 NOT NULL DEFAULT nextval('order_no'), customer UUID NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    status status NOT NULL DEFAULT 'new', total DECIMAL, total_cents INT8 AS ((total * 100)::INT8) STORED,
    placed DATE, note BYTES, took INTERVAL, ratio FLOAT8, flag BOOL, ip INET, bits VARBIT, t TIME, tz TIMETZ,
    ts TIMESTAMP, letter "char", small INT2, real FLOAT4, kinds status[], blobs BYTES[], floats FLOAT8[],
    PRIMARY KEY (customer, no DESC));
  CREATE TABLE no_pk (a INT, b STRING);
  CREATE TABLE events (ts TIMESTAMPTZ, id INT, PRIMARY KEY (ts, id) USING HASH WITH BUCKET_COUNT = 4);
  CREATE TABLE computed (id INT PRIMARY KEY, v INT AS (id + 1) VIRTUAL, UNIQUE INDEX (v) WHERE id > 2);
  CREATE TABLE "Wei""rd t.able" (
    "a b" INT, "c""d" STRING DEFAULT '${database}.public.order_no', "e;--" INT DEFAULT nextval('"own ed"'),
    f STRING AS ("c""d" || ';x') STORED, PRIMARY KEY ("a b" DESC), INDEX (f), FAMILY ("a b"), FAMILY ("c""d", "e;--", f));
  ALTER SEQUENCE "own ed" OWNED BY "Wei""rd t.able"."e;--" START 7;
  CREATE TABLE lax (id INT PRIMARY KEY, c UUID);
  INSERT INTO lax VALUES (1, gen_random_uuid());
  ALTER TABLE lax ADD CONSTRAINT lax_fk FOREIGN KEY (c) REFERENCES customers (id) NOT VALID;
  CREATE TABLE ring (id INT PRIMARY KEY, other INT);
  CREATE TABLE gnir (id INT PRIMARY KEY REFERENCES ring (id));
  ALTER TABLE ring ADD CONSTRAINT back FOREIGN KEY (other) REFERENCES gnir (id);
  CREATE VIEW big_spenders AS SELECT c.id, c.email, sum(o.total) AS total
    FROM customers AS c JOIN orders AS o ON o.customer = c.id GROUP BY c.id, c.email;
  CREATE VIEW top AS SELECT id, '${database}.public.big_spenders' AS text FROM big_spenders WHERE total > 10;
  CREATE VIEW by_status AS SELECT no FROM orders WHERE status = 'new'::status;
  CREATE MATERIALIZED VIEW settled AS SELECT id, email FROM customers;
  CREATE SCHEMA "au dit";
  CREATE TABLE "au dit".log (id SERIAL PRIMARY KEY, what STRING, of status);
  COMMENT ON TABLE customers IS 'who buys; ''${database}.public.customers''';
  COMMENT ON COLUMN customers.email IS e'unique\\nline';
  COMMENT ON INDEX customers@rich IS 'x';
  INSERT INTO customers (id, email, name, tags, profile, balance) VALUES
    ('00000000-0000-0000-0000-000000000001', 'a@x.org', 'Ann' COLLATE en, ARRAY['a', 'b c', '"q"', NULL, 'NULL', 'x,"NULL",', e'\\t\\n\\\\'],
     '{"k": [1, 2.5, "x\\ty\\\\"]}', 10.50),
    ('00000000-0000-0000-0000-000000000002', e'tab\\t\\\\N', NULL, NULL, NULL, 0);
  INSERT INTO orders (customer, total, placed, note, took, ratio, flag, ip, bits, t, tz, ts, letter, small, real, kinds, blobs, floats) VALUES
    ('00000000-0000-0000-0000-000000000001', 12.340, '2026-01-02', b'\\x00\\xff\\\\tab\\x09', '1 mon 2 days 03:04:05.678',
     'NaN', true, '10.0.0.1/8', B'1011', '12:00:00', '12:00:00+03', '2026-01-02 BC', 'x', 3, 0.1,
     ARRAY['new', 'it''s "shipped"', 'NULL', NULL], ARRAY[b'\\xff\\\\'], ARRAY[0.1::FLOAT8 + 0.2::FLOAT8, '-Infinity'::FLOAT8]),
    ('00000000-0000-0000-0000-000000000001', 0.1, 'infinity', NULL, '-1 day', '-Infinity', false, '::1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('00000000-0000-0000-0000-000000000002', NULL, NULL, b'', NULL, 0.1::FLOAT8 + 0.2::FLOAT8, NULL, NULL, B'', '24:00', NULL, NULL, NULL, NULL, NULL, ARRAY[], NULL, NULL);
  INSERT INTO no_pk VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
  INSERT INTO events SELECT '2026-01-01'::TIMESTAMPTZ + (i || ' hours')::INTERVAL, i FROM generate_series(1, 200) AS g (i);
  INSERT INTO computed (id) SELECT i FROM generate_series(1, 50) AS g (i);
  INSERT INTO "Wei""rd t.able" ("a b") SELECT i FROM generate_series(1, 500) AS g (i);
  INSERT INTO ring VALUES (1, NULL);
  INSERT INTO gnir VALUES (1);
  UPDATE ring SET other = 1 WHERE true;
  INSERT INTO "au dit".log (what, of) VALUES ('opened', 'paid');
  REFRESH MATERIALIZED VIEW settled;
  ALTER TABLE "Wei""rd t.able" SPLIT AT VALUES (400), (300), (100);
  ALTER TABLE events SPLIT AT VALUES (1, '2026-01-01 05:00:00+00', 5), (2, '2026-01-03 00:00:00+00', 48);
  ALTER TABLE orders SPLIT AT VALUES ('00000000-0000-0000-0000-000000000001', 105);`;
}
