-- Types that somebody has made: schema, name, kind, definition, comment. Those of an extension are its own matter.
SELECT
    namespace.nspname,
    type.typname,
    type.typtype,
    CASE type.typtype
        WHEN 'e' THEN (
            SELECT pg_catalog.string_agg(pg_catalog.quote_literal(value.enumlabel), ', ' ORDER BY value.enumsortorder)
            FROM pg_catalog.pg_enum AS value
            WHERE value.enumtypid = type.oid
        )
        WHEN 'd' THEN pg_catalog.concat_ws(' ',
            pg_catalog.format_type(type.typbasetype, type.typtypmod),
            CASE WHEN type.typnotnull THEN 'NOT NULL' END,
            'DEFAULT ' || type.typdefault,
            (
                SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(rule.oid, true), ' ' ORDER BY rule.conname)
                FROM pg_catalog.pg_constraint AS rule
                WHERE rule.contypid = type.oid AND rule.contype = 'c'
            ))
        WHEN 'c' THEN (
            SELECT pg_catalog.string_agg(
                pg_catalog.quote_ident(field.attname) || ' '
                    || pg_catalog.format_type(field.atttypid, field.atttypmod), ', ' ORDER BY field.attnum)
            FROM pg_catalog.pg_attribute AS field
            WHERE field.attrelid = type.typrelid AND field.attnum > 0 AND NOT field.attisdropped
        )
        ELSE (
            SELECT pg_catalog.format_type(range.rngsubtype, NULL)
            FROM pg_catalog.pg_range AS range
            WHERE range.rngtypid = type.oid
        )
    END,
    pg_catalog.obj_description(type.oid, 'pg_type')
FROM pg_catalog.pg_type AS type
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = type.typnamespace
LEFT JOIN pg_catalog.pg_class AS class ON class.oid = type.typrelid
WHERE (type.typtype IN ('e', 'd', 'r') OR (type.typtype = 'c' AND class.relkind = 'c'))
    AND namespace.nspname !~ '^pg_'
    AND namespace.nspname <> 'information_schema'
    AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
    AND pg_catalog.has_type_privilege(type.oid, 'USAGE')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS member
        WHERE member.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
            AND member.objid = type.oid
            AND member.deptype = 'e'
    )
ORDER BY namespace.nspname, type.typname
