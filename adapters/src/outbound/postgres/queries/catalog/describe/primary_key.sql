SELECT pg_catalog.json_agg(attribute.attname ORDER BY part.place)
FROM pg_catalog.pg_index AS index
CROSS JOIN LATERAL pg_catalog.unnest(index.indkey[0:index.indnkeyatts - 1]) WITH ORDINALITY AS part (number, place)
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum = part.number
WHERE index.indrelid = class.oid AND index.indisprimary
