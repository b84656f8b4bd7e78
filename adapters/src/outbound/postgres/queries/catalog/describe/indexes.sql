-- Without those that only hold up a key and say no more than the key does.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', object.relname,
    'columns', parts.indexed,
    'unique', index.indisunique,
    'method', NULLIF(method.amname, 'btree'),
    'include', parts.included,
    'where', pg_catalog.pg_get_expr(index.indpred, index.indrelid, true),
    'invalid', NOT index.indisvalid OR NOT index.indisready
) ORDER BY object.relname)
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS object ON object.oid = index.indexrelid
JOIN pg_catalog.pg_am AS method ON method.oid = object.relam
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.json_agg(part.name || part.manner ORDER BY part.place) FILTER (WHERE part.place <= index.indnkeyatts)
            AS indexed,
        pg_catalog.json_agg(part.name ORDER BY part.place) FILTER (WHERE part.place > index.indnkeyatts) AS included,
        COALESCE(pg_catalog.bool_and(part.manner = ''), true) AS is_plain
    FROM (
        SELECT
            key.place,
            COALESCE(pg_catalog.quote_ident(attribute.attname),
                pg_catalog.pg_get_indexdef(index.indexrelid, key.place::pg_catalog.int4, true)) AS name,
            -- Kept for no columns but those that are searched by.
            CASE WHEN key.place > index.indnkeyatts THEN '' ELSE pg_catalog.concat(
                CASE WHEN index.indcollation[key.place - 1] <> 0
                    AND index.indcollation[key.place - 1] IS DISTINCT FROM attribute.attcollation
                    AND index.indcollation[key.place - 1] <> 100
                    THEN (SELECT ' COLLATE ' || pg_catalog.quote_ident(coll.collname)
                        FROM pg_catalog.pg_collation AS coll WHERE coll.oid = index.indcollation[key.place - 1]) END,
                (SELECT ' ' || class_of.opcname FROM pg_catalog.pg_opclass AS class_of
                    WHERE class_of.oid = index.indclass[key.place - 1] AND NOT class_of.opcdefault),
                CASE index.indoption[key.place - 1] & 3
                    WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC'
                END
            ) END AS manner
        FROM pg_catalog.unnest(index.indkey) WITH ORDINALITY AS key (number, place)
        LEFT JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = class.oid AND attribute.attnum = key.number AND key.number > 0
    ) AS part
) AS parts
WHERE index.indrelid = class.oid
    AND index.indislive
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint AS rule
        WHERE rule.conindid = index.indexrelid AND rule.contype IN ('p', 'u', 'x') AND rule.conrelid = class.oid
            AND parts.included IS NULL
    )
    AND NOT (
        index.indisunique AND index.indisvalid AND index.indpred IS NULL AND index.indexprs IS NULL
        AND parts.is_plain AND parts.included IS NULL
    )
