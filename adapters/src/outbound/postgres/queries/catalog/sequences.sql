-- Sequences: schema, name, the column that draws from it.
SELECT
    namespace.nspname,
    class.relname,
    CASE
        WHEN owner.relnamespace = class.relnamespace THEN owner.relname || '.' || attribute.attname
        ELSE elsewhere.nspname || '.' || owner.relname || '.' || attribute.attname
    END
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
LEFT JOIN pg_catalog.pg_depend AS owned ON owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND owned.objid = class.oid
    AND owned.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND owned.refobjsubid > 0
    AND owned.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class AS owner ON owner.oid = owned.refobjid
LEFT JOIN pg_catalog.pg_namespace AS elsewhere ON elsewhere.oid = owner.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS attribute
    ON attribute.attrelid = owned.refobjid AND attribute.attnum = owned.refobjsubid
WHERE class.relkind = 'S'
    AND namespace.nspname !~ '^pg_'
    AND namespace.nspname <> 'information_schema'
    AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
    AND CASE WHEN class.relkind = 'S'
        THEN pg_catalog.has_sequence_privilege(class.oid, 'SELECT, USAGE, UPDATE') END
ORDER BY namespace.nspname, class.relname
