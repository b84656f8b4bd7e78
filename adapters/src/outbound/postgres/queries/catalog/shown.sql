-- Stands before other questions: the relations that the role may see. Who may see a partition's parent sees the
-- partition there. Whether a role may see one is asked last: a superuser sees all, and an owner who has granted nothing
-- sees his own.
WITH RECURSIVE seen AS MATERIALIZED (
    SELECT class.oid, above.inhparent AS parent
    FROM pg_catalog.pg_class AS class
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
    LEFT JOIN pg_catalog.pg_inherits AS above ON class.relispartition AND above.inhrelid = class.oid
    WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND namespace.nspname !~ '^pg_'
        AND namespace.nspname <> 'information_schema'
        AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
        AND (
            (SELECT me.rolsuper FROM pg_catalog.pg_roles AS me WHERE me.rolname = CURRENT_USER)
            OR (
                class.relacl IS NULL
                AND class.relowner = (SELECT me.oid FROM pg_catalog.pg_roles AS me WHERE me.rolname = CURRENT_USER)
            )
            OR pg_catalog.has_table_privilege(class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            OR pg_catalog.has_any_column_privilege(class.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
        )
),
shown AS MATERIALIZED (
    SELECT seen.oid
    FROM seen
    LEFT JOIN seen AS parent ON parent.oid = seen.parent
    WHERE parent.oid IS NULL
)
