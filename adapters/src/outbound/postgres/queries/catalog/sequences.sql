-- Sequences: schema, name, the column that draws from it, and what somebody has said of it beyond what goes without saying.
SELECT
    namespace.nspname,
    class.relname,
    CASE
        WHEN owner.relnamespace = class.relnamespace THEN owner.relname || '.' || attribute.attname
        ELSE elsewhere.nspname || '.' || owner.relname || '.' || attribute.attname
    END,
    pg_catalog.concat_ws(' ',
        pg_catalog.format_type(sequence.seqtypid, NULL),
        CASE WHEN sequence.seqstart
            <> CASE WHEN sequence.seqincrement > 0 THEN sequence.seqmin ELSE sequence.seqmax END
            THEN 'START ' || sequence.seqstart END,
        CASE WHEN sequence.seqincrement <> 1 THEN 'INCREMENT ' || sequence.seqincrement END,
        CASE WHEN sequence.seqmin <> CASE WHEN sequence.seqincrement > 0 THEN 1 ELSE least_of_type END
            THEN 'MINVALUE ' || sequence.seqmin END,
        CASE WHEN sequence.seqmax <> CASE WHEN sequence.seqincrement > 0 THEN -1 - least_of_type ELSE -1 END
            THEN 'MAXVALUE ' || sequence.seqmax END,
        CASE WHEN sequence.seqcycle THEN 'CYCLE' END)
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
LEFT JOIN pg_catalog.pg_sequence AS sequence ON sequence.seqrelid = class.oid
CROSS JOIN LATERAL (
    SELECT CASE sequence.seqtypid
        WHEN 'pg_catalog.int2'::pg_catalog.regtype THEN -32768
        WHEN 'pg_catalog.int4'::pg_catalog.regtype THEN -2147483648
        ELSE -9223372036854775808
    END AS least_of_type
) AS kind
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
