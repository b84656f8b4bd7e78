#!/bin/sh
# Runs once, when the database is made: an account that can only read.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname shop \
  --set password="$(cat /run/secrets/shop_reader_password)" <<'SQL'
CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, price numeric(10, 2) NOT NULL);
INSERT INTO products VALUES (1, 'Compass', 24.50), (2, 'Astrolabe', 180.00), (3, 'Chart', 12.00);
CREATE ROLE shop_reader LOGIN PASSWORD :'password' CONNECTION LIMIT 20;
GRANT CONNECT ON DATABASE shop TO shop_reader;
GRANT USAGE ON SCHEMA public TO shop_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO shop_reader;
SQL
