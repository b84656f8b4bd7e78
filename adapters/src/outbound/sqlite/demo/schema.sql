-- Money is DECIMAL(10,2), as it would be on any server. SQLite keeps such a column as a floating-point number; each
-- amount here is the one nearest to whole cents, so it prints exactly, and sums are rounded where they are made.

CREATE TABLE stores (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    city TEXT NOT NULL,
    country CHAR(2) NOT NULL,
    area_m2 INTEGER NOT NULL,
    opened_on DATE NOT NULL,
    closed_on DATE, -- NULL while the store is open
    manager_id INTEGER REFERENCES employees (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE employees (
    id INTEGER PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    title TEXT NOT NULL,
    store_id INTEGER REFERENCES stores (id), -- NULL at the head office
    manager_id INTEGER REFERENCES employees (id), -- NULL for the one at the top
    hired_on DATE NOT NULL,
    salary DECIMAL(10,2) NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT 1
);

CREATE TABLE suppliers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    country CHAR(2) NOT NULL,
    email TEXT
);

CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES categories (id), -- NULL at the top level
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    sku CHAR(8) NOT NULL UNIQUE,
    name TEXT NOT NULL,
    category_id INTEGER NOT NULL REFERENCES categories (id),
    supplier_id INTEGER NOT NULL REFERENCES suppliers (id),
    price DECIMAL(10,2) NOT NULL CHECK (price > 0),
    cost DECIMAL(10,2) NOT NULL,
    weight_g INTEGER,
    attributes JSON,
    launched_on DATE NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT 1
);

CREATE TABLE inventory (
    store_id INTEGER NOT NULL REFERENCES stores (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL CHECK (quantity >= 0),
    reorder_level INTEGER NOT NULL,
    PRIMARY KEY (store_id, product_id)
) WITHOUT ROWID;

CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT UNIQUE,
    phone VARCHAR(20),
    city TEXT NOT NULL,
    country CHAR(2) NOT NULL,
    birth_date DATE,
    joined_on DATE NOT NULL,
    loyalty_tier TEXT CHECK (loyalty_tier IN ('bronze', 'silver', 'gold')),
    accepts_marketing BOOLEAN NOT NULL,
    referred_by INTEGER REFERENCES customers (id)
);

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customers (id), -- NULL for a sale over the counter to someone unknown
    store_id INTEGER REFERENCES stores (id), -- NULL for an online order
    employee_id INTEGER REFERENCES employees (id),
    channel TEXT NOT NULL CHECK (channel IN ('store', 'online', 'phone')),
    status TEXT NOT NULL CHECK (status IN ('processing', 'completed', 'cancelled')),
    ordered_at DATETIME NOT NULL,
    shipped_at DATETIME,
    discount DECIMAL(10,2) NOT NULL DEFAULT 0,
    total DECIMAL(10,2) NOT NULL, -- of the items, less the discount
    note TEXT
);

CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price DECIMAL(10,2) NOT NULL, -- on the day of the order
    PRIMARY KEY (order_id, line)
) WITHOUT ROWID;

CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    method TEXT NOT NULL CHECK (method IN ('card', 'cash', 'wallet', 'invoice', 'gift card')),
    amount DECIMAL(10,2) NOT NULL,
    paid_at DATETIME NOT NULL
);

CREATE TABLE returns (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    refund DECIMAL(10,2) NOT NULL,
    reason TEXT,
    returned_on DATE NOT NULL,
    FOREIGN KEY (order_id, line) REFERENCES order_items (order_id, line) ON DELETE CASCADE
);

CREATE INDEX employees_by_store ON employees (store_id);
CREATE INDEX employees_by_manager ON employees (manager_id);
CREATE INDEX products_by_category ON products (category_id);
CREATE INDEX products_by_supplier ON products (supplier_id);
CREATE INDEX customers_by_name ON customers (last_name, first_name);
CREATE INDEX customers_by_place ON customers (country, city);
CREATE INDEX orders_by_time ON orders (ordered_at);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX orders_by_store ON orders (store_id, ordered_at);
CREATE INDEX orders_to_ship ON orders (ordered_at) WHERE status = 'processing';
CREATE INDEX order_items_by_product ON order_items (product_id);
CREATE INDEX payments_by_order ON payments (order_id);
CREATE INDEX returns_by_item ON returns (order_id, line);

-- What was sold: one row an item of an order that was not cancelled.
CREATE VIEW sales AS
SELECT
    o.id AS order_id, o.ordered_at, date(o.ordered_at) AS day, o.channel, o.store_id, o.customer_id,
    p.id AS product_id, p.name AS product, c.name AS category, top.name AS department,
    i.quantity, i.unit_price, round(i.quantity * i.unit_price, 2) AS revenue,
    round(i.quantity * (i.unit_price - p.cost), 2) AS margin
FROM orders o
JOIN order_items i ON i.order_id = o.id
JOIN products p ON p.id = i.product_id
JOIN categories c ON c.id = p.category_id
JOIN categories top ON top.id = c.parent_id
WHERE o.status <> 'cancelled';

CREATE VIEW revenue_by_month AS
SELECT
    strftime('%Y-%m', ordered_at) AS month, count(*) AS orders,
    count(DISTINCT customer_id) AS customers, round(sum(total), 2) AS revenue
FROM orders
WHERE status <> 'cancelled'
GROUP BY month;

CREATE VIEW revenue_by_category AS
SELECT
    strftime('%Y', ordered_at) || '-Q' || ((strftime('%m', ordered_at) + 2) / 3) AS quarter,
    department, category, sum(quantity) AS units, round(sum(revenue), 2) AS revenue, round(sum(margin), 2) AS margin
FROM sales
GROUP BY quarter, department, category;

CREATE VIEW customer_value AS
SELECT
    c.id, c.first_name, c.last_name, c.country, c.loyalty_tier, count(o.id) AS orders,
    round(coalesce(sum(o.total), 0), 2) AS revenue, max(date(o.ordered_at)) AS last_order_on
FROM customers c
LEFT JOIN orders o ON o.customer_id = c.id AND o.status <> 'cancelled'
GROUP BY c.id;

CREATE VIEW low_stock AS
SELECT s.name AS store, p.sku, p.name AS product, i.quantity, i.reorder_level
FROM inventory i
JOIN stores s ON s.id = i.store_id
JOIN products p ON p.id = i.product_id
WHERE i.quantity < i.reorder_level AND p.is_active AND s.closed_on IS NULL;
