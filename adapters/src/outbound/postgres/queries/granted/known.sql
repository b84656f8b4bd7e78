EXISTS (
    SELECT FROM pg_catalog.pg_depend AS dependency
    JOIN pg_catalog.pg_extension AS extension ON extension.oid = dependency.refobjid
    WHERE dependency.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND dependency.objid = routine.oid
      AND dependency.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      AND dependency.deptype = 'e'
      AND extension.extname IN (
        'btree_gin', 'btree_gist', 'citext', 'cube', 'earthdistance', 'fuzzystrmatch', 'hstore', 'intarray', 'isn',
        'ltree', 'pg_trgm', 'seg', 'unaccent', 'uuid-ossp', 'vector'
      )
  )
