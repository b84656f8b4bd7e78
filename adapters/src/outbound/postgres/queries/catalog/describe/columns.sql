SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', attribute.attname,
    'type', pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
    'notNull', attribute.attnotnull OR (type.typtype = 'd' AND type.typnotnull),
    'default', CASE WHEN attribute.attgenerated = '' THEN pg_catalog.pg_get_expr(preset.adbin, preset.adrelid) END,
    'generated', CASE attribute.attgenerated
        WHEN 's' THEN pg_catalog.pg_get_expr(preset.adbin, preset.adrelid) || ' stored'
        WHEN 'v' THEN pg_catalog.pg_get_expr(preset.adbin, preset.adrelid) || ' virtual'
    END,
    'identity', CASE attribute.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
    'collation', CASE WHEN attribute.attcollation <> type.typcollation THEN (
        SELECT coll.collname FROM pg_catalog.pg_collation AS coll WHERE coll.oid = attribute.attcollation
    ) END,
    'domain', CASE WHEN type.typtype = 'd' THEN pg_catalog.concat_ws(' ',
        pg_catalog.format_type(type.typbasetype, type.typtypmod),
        CASE WHEN type.typnotnull THEN 'NOT NULL' END,
        (
            SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(rule.oid, true), ' ' ORDER BY rule.conname)
            FROM pg_catalog.pg_constraint AS rule
            WHERE rule.contypid = type.oid AND rule.contype = 'c'
        )) END,
    -- An enum's, also inside of an array or below a domain; not all of them where there are many.
    'values', (
        SELECT pg_catalog.json_agg(value.enumlabel ORDER BY value.enumsortorder)
        FROM pg_catalog.pg_enum AS value
        WHERE value.enumtypid IN (type.oid, type.typelem, type.typbasetype)
        HAVING pg_catalog.count(*) <= 50
    ),
    'comment', pg_catalog.col_description(attribute.attrelid, attribute.attnum)
) ORDER BY attribute.attnum)
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS preset
    ON preset.adrelid = attribute.attrelid AND preset.adnum = attribute.attnum
WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
