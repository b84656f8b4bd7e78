SELECT pg_catalog.json_agg(fact.word ORDER BY fact.place, fact.word)
FROM (
    SELECT 1 AS place, CASE class.relpersistence WHEN 'u' THEN 'UNLOGGED' END AS word
    UNION ALL
    SELECT 2, 'PARTITION ' || pg_catalog.pg_get_expr(class.relpartbound, class.oid)
    UNION ALL
    SELECT 3, 'INHERITED BY ' || (
        SELECT pg_catalog.string_agg(child.oid::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY child.relname)
        FROM pg_catalog.pg_inherits AS below
        JOIN pg_catalog.pg_class AS child ON child.oid = below.inhrelid
        WHERE below.inhparent = class.oid AND class.relkind <> 'p'
    )
    UNION ALL
    SELECT 4, 'OF ' || pg_catalog.format_type(NULLIF(class.reloftype, 0), NULL)
    UNION ALL
    SELECT 5, CASE WHEN class.relrowsecurity THEN 'ROW LEVEL SECURITY' END
    UNION ALL
    SELECT 6, CASE WHEN class.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END
    UNION ALL
    SELECT 7, 'WITH (' || pg_catalog.array_to_string(class.reloptions, ', ') || ')'
    UNION ALL
    SELECT 8, 'USING ' || method.amname
    FROM pg_catalog.pg_am AS method
    WHERE method.oid = class.relam AND method.amname <> 'heap'
    UNION ALL
    -- From version 18 on they have names; those that the server gave are not worth telling.
    SELECT 9, 'CONSTRAINT ' || pg_catalog.quote_ident(rule.conname) || ' ' || pg_catalog.pg_get_constraintdef(rule.oid)
    FROM pg_catalog.pg_constraint AS rule
    JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = rule.conrelid AND attribute.attnum = rule.conkey[1]
    WHERE rule.conrelid = class.oid
        AND rule.contype = 'n'
        AND (rule.conname <> class.relname || '_' || attribute.attname || '_not_null' OR NOT rule.convalidated)
    UNION ALL
    SELECT 10, CASE WHEN class.relkind = 'm' AND NOT class.relispopulated THEN 'WITH NO DATA: not readable before REFRESH' END
) AS fact
WHERE fact.word IS NOT NULL
