-- Columns: table, number, name, type, nullable, comment. A domain may take NULL away too.
-- In no order: to sort this many costs more than to read them.
SELECT
    attribute.attrelid,
    attribute.attnum,
    attribute.attname,
    pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
    NOT attribute.attnotnull AND strict.oid IS NULL,
    description.description
FROM shown
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = shown.oid
LEFT JOIN pg_catalog.pg_description AS description ON description.objoid = attribute.attrelid
    AND description.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND description.objsubid = attribute.attnum
LEFT JOIN pg_catalog.pg_type AS strict
    ON strict.oid = attribute.atttypid AND strict.typtype = 'd' AND strict.typnotnull
WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
