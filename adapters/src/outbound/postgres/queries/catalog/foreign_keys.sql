, place (oid, top) AS (
    SELECT shown.oid, shown.oid
    FROM shown
    UNION ALL
    SELECT below.inhrelid, place.top
    FROM place
    JOIN pg_catalog.pg_class AS class ON class.oid = place.oid AND class.relkind = 'p'
    JOIN pg_catalog.pg_inherits AS below ON below.inhparent = place.oid
)
-- Foreign keys: name, from, to, the numbers of the columns on both sides, and their names where the side is a partition,
-- which may have numbers of its own. Those that a partition has from its parent are left out; one of its own counts for
-- the parent, whose columns have the same names.
SELECT
    key.conname,
    origin.top,
    target.top,
    pg_catalog.array_to_string(key.conkey, ' '),
    pg_catalog.array_to_string(key.confkey, ' '),
    CASE WHEN origin.oid <> origin.top THEN (
        SELECT pg_catalog.array_agg(attribute.attname ORDER BY place)
        FROM pg_catalog.unnest(key.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = key.conrelid AND attribute.attnum = part.number
    ) END::pg_catalog.text[],
    CASE WHEN target.oid <> target.top THEN (
        SELECT pg_catalog.array_agg(attribute.attname ORDER BY place)
        FROM pg_catalog.unnest(key.confkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = key.confrelid AND attribute.attnum = part.number
    ) END::pg_catalog.text[]
FROM pg_catalog.pg_constraint AS key
JOIN place AS origin ON origin.oid = key.conrelid
JOIN place AS target ON target.oid = key.confrelid
WHERE key.contype = 'f' AND key.conparentid = 0
ORDER BY origin.top, key.conname
