-- One of everything that a catalog can tell of.
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'What is sold';
CREATE SCHEMA other;
CREATE SCHEMA hidden;
CREATE TYPE shop.mood AS ENUM ('sad', 'it''s ok', 'happy');
COMMENT ON TYPE shop.mood IS 'How they feel';
CREATE DOMAIN shop.price AS numeric(10,2) NOT NULL CHECK (VALUE >= 0);
CREATE TYPE shop.address AS (street text, "zip code" varchar(10));
CREATE TYPE shop.span AS RANGE (subtype = float8);

CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email varchar(200) NOT NULL CONSTRAINT one_email UNIQUE DEFERRABLE INITIALLY DEFERRED,
    gone int,
    feeling shop.mood DEFAULT 'happy',
    feelings shop.mood[],
    credit shop.price DEFAULT 0,
    lives_at shop.address,
    name text COLLATE "C",
    shout text GENERATED ALWAYS AS (upper(name)) STORED,
    serial serial,
    CONSTRAINT named CHECK (name <> '')
);
ALTER TABLE shop.customers DROP COLUMN gone;
COMMENT ON TABLE shop.customers IS 'Who buys';
COMMENT ON COLUMN shop.customers.email IS 'Where to write to';
INSERT INTO shop.customers (email, name) SELECT 'c' || n, 'n' FROM generate_series(1, 500) AS n;
CREATE UNIQUE INDEX one_name ON shop.customers (name, id);
CREATE UNIQUE INDEX one_happy ON shop.customers (email) WHERE feeling = 'happy';
CREATE UNIQUE INDEX one_lower ON shop.customers (lower(email));
CREATE INDEX by_name ON shop.customers (name text_pattern_ops DESC NULLS LAST, id) INCLUDE (email) WHERE id > 5;
CREATE INDEX by_shout ON shop.customers USING hash (shout);

CREATE TABLE other.notes (
    id int PRIMARY KEY,
    customer_id bigint REFERENCES shop.customers ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE,
    during tsrange,
    EXCLUDE USING gist (during WITH &&)
);
ALTER TABLE other.notes ADD CONSTRAINT late FOREIGN KEY (customer_id) REFERENCES shop.customers MATCH FULL NOT VALID;

CREATE TABLE shop.orders (
    id bigint NOT NULL,
    ordered_at date NOT NULL,
    customer_id bigint CONSTRAINT buyer REFERENCES shop.customers,
    "Total" numeric(12,2),
    PRIMARY KEY (id, ordered_at)
) PARTITION BY RANGE (ordered_at);
CREATE TABLE shop.orders_2024 PARTITION OF shop.orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.orders_2025 (
    "Total" numeric(12,2), customer_id bigint, ordered_at date NOT NULL, id bigint NOT NULL
) PARTITION BY LIST (id);
CREATE TABLE shop.orders_2025_a PARTITION OF shop.orders_2025 FOR VALUES IN (1, 2);
CREATE TABLE shop.orders_2025_b PARTITION OF shop.orders_2025 DEFAULT;
ALTER TABLE shop.orders ATTACH PARTITION shop.orders_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO shop.orders SELECT n, '2024-06-01', NULL, n FROM generate_series(1, 30) AS n;
INSERT INTO shop.orders SELECT n, '2025-06-01', NULL, n FROM generate_series(1, 12) AS n;
CREATE TABLE shop.lines (
    order_id bigint, ordered_at date, product text,
    CONSTRAINT of_order FOREIGN KEY (order_id, ordered_at) REFERENCES shop.orders
);
ALTER TABLE shop.orders_2024 ADD CONSTRAINT own FOREIGN KEY (id) REFERENCES other.notes NOT VALID;

CREATE TABLE shop.many (n int) PARTITION BY HASH (n);
DO $$ BEGIN FOR n IN 0..24 LOOP
    EXECUTE format('CREATE TABLE shop.many_%s PARTITION OF shop.many FOR VALUES WITH (MODULUS 25, REMAINDER %s)',
        lpad(n::text, 2, '0'), n);
END LOOP; END $$;

CREATE TABLE shop.animals (name text);
CREATE TABLE shop.cats (lives int) INHERITS (shop.animals);
CREATE UNLOGGED TABLE shop.fresh (n int) WITH (fillfactor = 70);
CREATE TABLE shop.empty ();
CREATE TABLE shop.once (n int UNIQUE NULLS NOT DISTINCT);
CREATE VIEW shop.buyers AS SELECT id, email FROM shop.customers WHERE credit > 0;
COMMENT ON VIEW shop.buyers IS 'Who may buy';
CREATE MATERIALIZED VIEW shop.totals AS SELECT count(*) AS n FROM shop.orders WITH NO DATA;

CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF name, "email" ON shop.customers
    FOR EACH ROW WHEN (new.name <> ' EXECUTE ') EXECUTE FUNCTION shop.touch('a', 'b');
CREATE CONSTRAINT TRIGGER later AFTER DELETE ON shop.customers DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION shop.touch();
ALTER TABLE shop.customers DISABLE TRIGGER later;
CREATE FUNCTION shop.worth(customer bigint, since date DEFAULT '2020-01-01') RETURNS numeric
    LANGUAGE sql STABLE AS 'SELECT 1.0';
COMMENT ON FUNCTION shop.worth IS 'What a customer is worth';
CREATE PROCEDURE shop.clean(INOUT n int) LANGUAGE plpgsql AS 'BEGIN END';
CREATE AGGREGATE shop.longest (text) (SFUNC = textcat, STYPE = text);
CREATE SEQUENCE shop.alone;

CREATE TABLE shop.secrets (owner text, word text);
ALTER TABLE shop.secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.secrets FOR SELECT TO {role} USING (owner = CURRENT_USER);
CREATE POLICY none ON shop.secrets AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (word <> '');

CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER far FOREIGN DATA WRAPPER nothing OPTIONS (host 'far.example', password 'hunter2');
CREATE FOREIGN TABLE shop.distant (n int) SERVER far
    OPTIONS (table_name 'it''s far', password 'hunter2', url 'http://me:hunter2@far.example/x');

CREATE TABLE hidden.plans (id int PRIMARY KEY, customer_id bigint REFERENCES shop.customers);
CREATE TABLE shop.kept_back (n int);
CREATE TABLE shop.half (open int, closed int);
CREATE TABLE shop.written (n int);
ANALYZE shop.customers, shop.orders, shop.orders_2024, shop.orders_2025_a, shop.orders_2025_b;
GRANT USAGE ON SCHEMA shop, other TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA shop, other TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA shop TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA hidden TO {role};
REVOKE ALL ON shop.kept_back, shop.half, shop.written FROM {role};
GRANT SELECT (open) ON shop.half TO {role};
GRANT INSERT ON shop.written TO {role};
