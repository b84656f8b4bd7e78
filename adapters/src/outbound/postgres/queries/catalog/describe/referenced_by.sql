-- From tables that the role may see; a partitioned one is told once.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'from', CASE WHEN origin.relnamespace <> class.relnamespace
            THEN pg_catalog.quote_ident(elsewhere.nspname) || '.' ELSE '' END
        || pg_catalog.quote_ident(origin.relname) || '(' || (
            SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attribute.attname), ', ' ORDER BY part.place)
            FROM pg_catalog.unnest(rule.conkey) WITH ORDINALITY AS part (number, place)
            JOIN pg_catalog.pg_attribute AS attribute
                ON attribute.attrelid = rule.conrelid AND attribute.attnum = part.number
        ) || ')',
    'columns', (
        SELECT pg_catalog.json_agg(attribute.attname ORDER BY part.place)
        FROM pg_catalog.unnest(rule.confkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = rule.confrelid AND attribute.attnum = part.number
    ),
    'onDelete', CASE rule.confdeltype
        WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
    END,
    'onUpdate', CASE rule.confupdtype
        WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
    END
) ORDER BY elsewhere.nspname, origin.relname, rule.conname)
FROM pg_catalog.pg_constraint AS rule
JOIN pg_catalog.pg_class AS origin ON origin.oid = rule.conrelid
JOIN pg_catalog.pg_namespace AS elsewhere ON elsewhere.oid = origin.relnamespace
LEFT JOIN pg_catalog.pg_constraint AS above ON above.oid = rule.conparentid
WHERE rule.confrelid = class.oid
    AND rule.contype = 'f'
    AND above.confrelid IS DISTINCT FROM rule.confrelid
    AND pg_catalog.has_schema_privilege(elsewhere.oid, 'USAGE')
    AND (
        pg_catalog.has_table_privilege(origin.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR pg_catalog.has_any_column_privilege(origin.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
    )
