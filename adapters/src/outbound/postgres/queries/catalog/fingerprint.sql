-- Two signs of a changed schema, both of them read in no time.
-- How many rows of the catalog were ever written: a server tells it about a second late, and later where the session
-- that wrote them has fallen idle. The newest of what has a number of its own: told at once, but only of what is new.
-- A standby counts nothing; how far it has come is all that it knows.
SELECT CASE
    WHEN pg_catalog.pg_is_in_recovery() THEN
        pg_catalog.concat_ws(' ', 'standby', pg_catalog.pg_last_wal_replay_lsn(), CURRENT_USER,
            pg_catalog.current_schemas(false))
    WHEN pg_catalog.current_setting('track_counts') = 'on' THEN
        pg_catalog.concat_ws(' ',
            (
                SELECT pg_catalog.sum(pg_catalog.pg_stat_get_tuples_inserted(catalog)
                    + pg_catalog.pg_stat_get_tuples_updated(catalog) + pg_catalog.pg_stat_get_tuples_deleted(catalog))
                FROM pg_catalog.unnest(ARRAY[
                    'pg_catalog.pg_class', 'pg_catalog.pg_attribute', 'pg_catalog.pg_constraint', 'pg_catalog.pg_index',
                    'pg_catalog.pg_inherits', 'pg_catalog.pg_proc', 'pg_catalog.pg_type', 'pg_catalog.pg_enum',
                    'pg_catalog.pg_description', 'pg_catalog.pg_namespace', 'pg_catalog.pg_trigger',
                    'pg_catalog.pg_depend', 'pg_catalog.pg_sequence', 'pg_catalog.pg_authid', 'pg_catalog.pg_auth_members'
                ]::pg_catalog.regclass[]) AS catalog
            ),
            (SELECT pg_catalog.max(oid) FROM pg_catalog.pg_class),
            (SELECT pg_catalog.max(oid) FROM pg_catalog.pg_constraint),
            (SELECT pg_catalog.max(oid) FROM pg_catalog.pg_proc),
            (SELECT pg_catalog.max(oid) FROM pg_catalog.pg_trigger),
            (SELECT pg_catalog.max(oid) FROM pg_catalog.pg_type),
            CURRENT_USER,
            pg_catalog.current_schemas(false))
END
