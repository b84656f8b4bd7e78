-- Without the copies that the server keeps for each partition of a table that is referred to.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', rule.conname,
    'columns', (
        SELECT pg_catalog.json_agg(attribute.attname ORDER BY part.place)
        FROM pg_catalog.unnest(rule.conkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = rule.conrelid AND attribute.attnum = part.number
    ),
    'references', (
        SELECT CASE WHEN target.relnamespace <> class.relnamespace
                THEN pg_catalog.quote_ident(elsewhere.nspname) || '.' ELSE '' END
            || pg_catalog.quote_ident(target.relname) || '('
            || pg_catalog.string_agg(pg_catalog.quote_ident(attribute.attname), ', ' ORDER BY part.place) || ')'
        FROM pg_catalog.unnest(rule.confkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = rule.confrelid AND attribute.attnum = part.number
    ),
    'onDelete', CASE rule.confdeltype
        WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
    END || COALESCE((
        SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(attribute.attname), ', ' ORDER BY part.place) || ')'
        FROM pg_catalog.jsonb_array_elements_text(
            NULLIF(pg_catalog.to_jsonb(rule) -> 'confdelsetcols', 'null')) WITH ORDINALITY AS part (number, place)
        JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = rule.conrelid AND attribute.attnum = part.number::pg_catalog.int2
    ), ''),
    'onUpdate', CASE rule.confupdtype
        WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
    END,
    'notes', NULLIF(pg_catalog.concat_ws(', ',
        CASE WHEN rule.confmatchtype = 'f' THEN 'MATCH FULL' END,
        CASE WHEN pg_catalog.to_jsonb(rule) ->> 'conperiod' = 'true' THEN 'PERIOD' END,
        CASE WHEN rule.condeferred THEN 'DEFERRABLE INITIALLY DEFERRED' WHEN rule.condeferrable THEN 'DEFERRABLE' END,
        CASE
            WHEN pg_catalog.to_jsonb(rule) ->> 'conenforced' = 'false' THEN 'NOT ENFORCED'
            WHEN NOT rule.convalidated THEN 'NOT VALID'
        END
    ), '')
) ORDER BY rule.conname)
FROM pg_catalog.pg_constraint AS rule
JOIN pg_catalog.pg_class AS target ON target.oid = rule.confrelid
JOIN pg_catalog.pg_namespace AS elsewhere ON elsewhere.oid = target.relnamespace
LEFT JOIN pg_catalog.pg_constraint AS above ON above.oid = rule.conparentid
WHERE rule.conrelid = class.oid AND rule.contype = 'f' AND above.conrelid IS DISTINCT FROM rule.conrelid
