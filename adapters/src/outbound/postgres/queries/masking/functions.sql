SELECT routine.oid, routine.proname,
       first_argument.typtype IN ('c', 'p')
FROM pg_catalog.pg_proc AS routine
LEFT JOIN pg_catalog.pg_type AS first_argument ON first_argument.oid = routine.proargtypes[0]
WHERE routine.oid >= 16384
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS dependency
    JOIN pg_catalog.pg_extension AS extension ON extension.oid = dependency.refobjid
    WHERE dependency.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND dependency.objid = routine.oid
      AND dependency.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      AND dependency.deptype = 'e'
      AND extension.extname IN (
        'btree_gin', 'btree_gist', 'citext', 'cube', 'earthdistance', 'fuzzystrmatch', 'hstore', 'intarray', 'isn',
        'ltree', 'pg_trgm', 'pgcrypto', 'postgis', 'seg', 'tsm_system_rows', 'tsm_system_time', 'unaccent',
        'uuid-ossp', 'vector'
      )
  )
