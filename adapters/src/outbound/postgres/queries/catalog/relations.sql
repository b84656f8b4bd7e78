, below (root, oid) AS (
    SELECT shown.oid, below.inhrelid
    FROM shown
    JOIN pg_catalog.pg_class AS class ON class.oid = shown.oid AND class.relkind = 'p'
    JOIN pg_catalog.pg_inherits AS below ON below.inhparent = shown.oid
    UNION ALL
    SELECT below.root, further.inhrelid
    FROM below
    JOIN pg_catalog.pg_inherits AS further ON further.inhparent = below.oid
),
folded AS (
    SELECT
        below.root,
        pg_catalog.count(*) AS partitions,
        pg_catalog.sum(class.reltuples) FILTER (WHERE class.relkind <> 'p' AND class.reltuples >= 0) AS rows
    FROM below
    JOIN pg_catalog.pg_class AS class ON class.oid = below.oid
    GROUP BY below.root
)
-- Relations: number, schema, name, kind, comment, estimated rows, partitions at any depth. What was never analysed has
-- no estimate, but up to version 13 it says 0.
SELECT
    class.oid,
    namespace.nspname,
    class.relname,
    class.relkind,
    description.description,
    CASE
        WHEN class.relkind = 'v' THEN NULL
        WHEN class.relkind = 'p' THEN folded.rows
        WHEN class.reltuples > 0
            OR (class.reltuples = 0 AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 140000)
            THEN class.reltuples
    END::pg_catalog.int8,
    folded.partitions
FROM shown
JOIN pg_catalog.pg_class AS class ON class.oid = shown.oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
LEFT JOIN folded ON folded.root = shown.oid
LEFT JOIN pg_catalog.pg_description AS description ON description.objoid = shown.oid
    AND description.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND description.objsubid = 0
ORDER BY namespace.nspname, class.relname
