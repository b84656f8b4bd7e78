-- Constraints, and indexes that are none but unique for the whole table. Some facts are younger than some servers: a
-- row as JSON has them or not.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', object.relname,
    'columns', (
        SELECT pg_catalog.json_agg(attribute.attname ORDER BY part.place)
        FROM pg_catalog.unnest(index.indkey[0:index.indnkeyatts - 1]) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum = part.number
    ),
    'notes', NULLIF(pg_catalog.concat_ws(', ',
        CASE WHEN pg_catalog.to_jsonb(index) ->> 'indnullsnotdistinct' = 'true' THEN 'NULLS NOT DISTINCT' END,
        CASE WHEN pg_catalog.to_jsonb(rule) ->> 'conperiod' = 'true' THEN 'WITHOUT OVERLAPS' END,
        CASE WHEN rule.condeferred THEN 'DEFERRABLE INITIALLY DEFERRED' WHEN rule.condeferrable THEN 'DEFERRABLE' END
    ), '')
) ORDER BY object.relname)
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS object ON object.oid = index.indexrelid
LEFT JOIN pg_catalog.pg_constraint AS rule ON rule.conindid = index.indexrelid
    AND rule.conrelid = class.oid AND rule.contype = 'u'
WHERE index.indrelid = class.oid
    AND index.indisunique
    AND NOT index.indisprimary
    AND index.indisvalid
    AND index.indpred IS NULL
    AND index.indexprs IS NULL
