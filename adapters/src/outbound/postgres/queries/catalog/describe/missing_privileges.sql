SELECT CASE
    WHEN pg_catalog.has_table_privilege(class.oid, 'SELECT') THEN NULL
    WHEN NOT pg_catalog.has_any_column_privilege(class.oid, 'SELECT') THEN '["SELECT"]'::pg_catalog.json
    ELSE (
        SELECT pg_catalog.json_agg('SELECT (' || attribute.attname || ')' ORDER BY attribute.attnum)
        FROM pg_catalog.pg_attribute AS attribute
        WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
            AND NOT pg_catalog.has_column_privilege(class.oid, attribute.attnum, 'SELECT')
    )
END
