-- The first ones, and one more subdivision where there is one.
SELECT pg_catalog.json_agg(part.told ORDER BY part.place)
FROM (
    SELECT
        pg_catalog.row_number() OVER (ORDER BY partition.relname) AS place,
        CASE WHEN partition.relnamespace <> class.relnamespace
            THEN pg_catalog.quote_ident(elsewhere.nspname) || '.' ELSE '' END
            || pg_catalog.quote_ident(partition.relname)
            || ' ' || COALESCE(pg_catalog.pg_get_expr(partition.relpartbound, partition.oid), 'being detached')
            || CASE WHEN partition.relkind = 'p'
                THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(partition.oid) ELSE '' END AS told
    FROM pg_catalog.pg_inherits AS below
    JOIN pg_catalog.pg_class AS partition ON partition.oid = below.inhrelid
    JOIN pg_catalog.pg_namespace AS elsewhere ON elsewhere.oid = partition.relnamespace
    WHERE below.inhparent = class.oid AND class.relkind = 'p'
    ORDER BY partition.relname
    LIMIT 20
) AS part
