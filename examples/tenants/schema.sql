-- A retailer with two stores in one database. Run as an administrator, in an empty database:
--   createdb stores && psql stores --file schema.sql
-- Tables belong to a role that nobody signs in as; Portolan signs in as one that owns nothing.
CREATE ROLE stores_owner NOLOGIN;
CREATE ROLE stores_app LOGIN PASSWORD 'change-me';

CREATE SCHEMA retail AUTHORIZATION stores_owner;
SET ROLE stores_owner;

-- The same for every store.
CREATE TABLE retail.products (
    id int PRIMARY KEY,
    name text NOT NULL,
    price numeric(10, 2) NOT NULL
);

CREATE TABLE retail.customers (
    store text NOT NULL,
    id int NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    -- Within a store: a key over all stores would tell one store of another's.
    PRIMARY KEY (store, id),
    UNIQUE (store, email)
);

CREATE TABLE retail.orders (
    store text NOT NULL,
    id int NOT NULL,
    customer int NOT NULL,
    product int NOT NULL REFERENCES retail.products,
    quantity int NOT NULL CHECK (quantity > 0),
    ordered_at timestamptz NOT NULL,
    PRIMARY KEY (store, id),
    FOREIGN KEY (store, customer) REFERENCES retail.customers
);

-- Not security_invoker = true would read with its owner's rights (PostgreSQL 15 and later).
CREATE VIEW retail.sales WITH (security_invoker = true) AS
    SELECT o.store, p.name AS product, sum(o.quantity) AS sold, sum(o.quantity * p.price) AS revenue
    FROM retail.orders o JOIN retail.products p ON p.id = o.product
    GROUP BY o.store, p.name;

ALTER TABLE retail.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE retail.customers FORCE ROW LEVEL SECURITY;
ALTER TABLE retail.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE retail.orders FORCE ROW LEVEL SECURITY;

-- USING decides what is seen and changed, WITH CHECK what it may become. Without the setting there are no rows.
CREATE POLICY own_store ON retail.customers
    USING (store = current_setting('app.store', true))
    WITH CHECK (store = current_setting('app.store', true));
CREATE POLICY own_store ON retail.orders
    USING (store = current_setting('app.store', true))
    WITH CHECK (store = current_setting('app.store', true));

GRANT USAGE ON SCHEMA retail TO stores_app;
GRANT SELECT ON ALL TABLES IN SCHEMA retail TO stores_app;

INSERT INTO retail.products VALUES
    (1, 'Bread', 3.20), (2, 'Olive oil', 11.50), (3, 'Sea salt', 2.10), (4, 'Sardines', 4.75);

-- Policies hold for the owner too, so rows are added store by store.
SELECT set_config('app.store', 'lisbon', false);
INSERT INTO retail.customers VALUES
    ('lisbon', 1, 'Ana Sousa', 'ana@lisbon.example'), ('lisbon', 2, 'Rui Melo', 'rui@lisbon.example');
INSERT INTO retail.orders VALUES
    ('lisbon', 1, 1, 1, 2, '2026-03-02 09:15+00'), ('lisbon', 2, 2, 4, 6, '2026-03-02 10:40+00'),
    ('lisbon', 3, 1, 2, 1, '2026-03-03 17:05+00');

SELECT set_config('app.store', 'porto', false);
INSERT INTO retail.customers VALUES
    ('porto', 1, 'Marta Reis', 'marta@porto.example'), ('porto', 2, 'Ivo Dias', 'ivo@porto.example');
INSERT INTO retail.orders VALUES
    ('porto', 1, 2, 3, 4, '2026-03-02 11:20+00'), ('porto', 2, 1, 2, 3, '2026-03-04 12:00+00');

RESET ROLE;
