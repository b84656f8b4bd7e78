-- A retailer with two stores in one database, on MySQL or MariaDB. Run as an administrator:
--   mysql < mysql.sql
-- Tables lie in a database that Portolan's account cannot see; it reads the views of another one.
CREATE DATABASE retail_tables CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
CREATE DATABASE retail CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;

CREATE TABLE retail_tables.products (
    id INT PRIMARY KEY,
    name VARCHAR(80) NOT NULL,
    price DECIMAL(10, 2) NOT NULL
);

-- The store's collation tells capitals and accents apart: another one would show Porto's rows to PÓRTO.
CREATE TABLE retail_tables.customers (
    store VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    id INT NOT NULL,
    name VARCHAR(80) NOT NULL,
    email VARCHAR(120) NOT NULL,
    PRIMARY KEY (store, id)
);

CREATE TABLE retail_tables.orders (
    store VARCHAR(64) COLLATE utf8mb4_bin NOT NULL,
    id INT NOT NULL,
    customer INT NOT NULL,
    product INT NOT NULL,
    quantity INT NOT NULL,
    ordered_at DATETIME NOT NULL,
    PRIMARY KEY (store, id)
);

-- A view cannot name a variable, so it asks a function. Its text is longer than any store's name: a longer one would be cut,
-- and be another's. Without the variable it is NULL, and there are no rows.
CREATE FUNCTION retail.own_store() RETURNS VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NO SQL DETERMINISTIC
    RETURN @store;

-- TEMPTABLE: the view's rows are put together before any condition of a caller's is asked of them.
CREATE ALGORITHM = TEMPTABLE SQL SECURITY DEFINER VIEW retail.customers AS
    SELECT store, id, name, email FROM retail_tables.customers WHERE store = retail.own_store();
CREATE ALGORITHM = TEMPTABLE SQL SECURITY DEFINER VIEW retail.orders AS
    SELECT store, id, customer, product, quantity, ordered_at FROM retail_tables.orders WHERE store = retail.own_store();

-- The same for every store.
CREATE SQL SECURITY DEFINER VIEW retail.products AS SELECT id, name, price FROM retail_tables.products;

-- What is made of a store's rows is made of its views.
CREATE SQL SECURITY DEFINER VIEW retail.sales AS
    SELECT o.store, p.name AS product, SUM(o.quantity) AS sold, SUM(o.quantity * p.price) AS revenue
    FROM retail.orders o JOIN retail.products p ON p.id = o.product
    GROUP BY o.store, p.name;

CREATE USER stores_app IDENTIFIED BY 'change-me';
GRANT SELECT, SHOW VIEW ON retail.* TO stores_app;
-- To tell the columns of a view MariaDB wants the right to run what it calls. A statement that calls it is refused by Portolan.
GRANT EXECUTE ON FUNCTION retail.own_store TO stores_app;

INSERT INTO retail_tables.products VALUES
    (1, 'Bread', 3.20), (2, 'Olive oil', 11.50), (3, 'Sea salt', 2.10), (4, 'Sardines', 4.75);
INSERT INTO retail_tables.customers VALUES
    ('lisbon', 1, 'Ana Sousa', 'ana@lisbon.example'), ('lisbon', 2, 'Rui Melo', 'rui@lisbon.example'),
    ('porto', 1, 'Marta Reis', 'marta@porto.example'), ('porto', 2, 'Ivo Dias', 'ivo@porto.example');
INSERT INTO retail_tables.orders VALUES
    ('lisbon', 1, 1, 1, 2, '2026-03-02 09:15:00'), ('lisbon', 2, 2, 4, 6, '2026-03-02 10:40:00'),
    ('lisbon', 3, 1, 2, 1, '2026-03-03 17:05:00'),
    ('porto', 1, 2, 3, 4, '2026-03-02 11:20:00'), ('porto', 2, 1, 2, 3, '2026-03-04 12:00:00');
