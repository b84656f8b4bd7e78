-- Estimates and sizes, of all partitions together.
WITH RECURSIVE part (oid) AS (
    SELECT class.oid
    UNION ALL
    SELECT below.inhrelid
    FROM part
    JOIN pg_catalog.pg_inherits AS below ON below.inhparent = part.oid
    WHERE class.relkind = 'p'
)
SELECT
    pg_catalog.sum(leaf.reltuples) FILTER (
        WHERE leaf.relkind IN ('r', 'm', 'f')
            AND (leaf.reltuples > 0
                OR (leaf.reltuples = 0
                    AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 140000))
    )::pg_catalog.int8 AS rows,
    pg_catalog.sum(pg_catalog.pg_total_relation_size(leaf.oid)) FILTER (WHERE leaf.relkind IN ('r', 'm')) AS bytes
FROM part
JOIN pg_catalog.pg_class AS leaf ON leaf.oid = part.oid
