-- Everything needed to name these types and to read their text: them, what they are made of, and so on down.
WITH RECURSIVE asked (oid) AS (
    SELECT pg_catalog.unnest('{{oids}}'::pg_catalog.oid[])
    UNION
    SELECT made_of.oid
    FROM asked
    JOIN pg_catalog.pg_type AS type ON type.oid = asked.oid
    CROSS JOIN LATERAL (VALUES (type.typelem), (type.typbasetype)) AS made_of (oid)
    WHERE made_of.oid <> 0
)
SELECT
    type.oid,
    CASE WHEN type.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN type.typname::pg_catalog.text
         ELSE pg_catalog.format_type(type.oid, NULL) END,
    -- Fixed-length types like point have elements too, but are no arrays.
    CASE WHEN element.typarray = type.oid THEN element.oid END,
    type.typdelim,
    NULLIF(type.typbasetype, 0)
FROM asked
JOIN pg_catalog.pg_type AS type ON type.oid = asked.oid
LEFT JOIN pg_catalog.pg_type AS element ON element.oid = type.typelem
