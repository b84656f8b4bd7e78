-- Columns: table, number, name, type, nullable, comment.
SELECT
    attribute.attrelid,
    attribute.attnum,
    attribute.attname,
    pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
    NOT attribute.attnotnull,
    description.description
FROM shown
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = shown.oid
LEFT JOIN pg_catalog.pg_description AS description ON description.objoid = attribute.attrelid
    AND description.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND description.objsubid = attribute.attnum
WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
ORDER BY attribute.attrelid, attribute.attnum
