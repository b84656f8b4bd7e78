-- What the role that signed in could do beyond reading: kind, names (a few), how many (1,000 or more are not all counted).
-- What a role has by way of PUBLIC is told once more, all of it, since a new role would have it too.
WITH roles AS (
  -- Its own role and every role that it can become. What it becomes without asking counts as its own.
  SELECT r.*, pg_has_role(session_user, r.oid, 'USAGE') AS inherited
  FROM pg_roles r WHERE pg_has_role(session_user, r.oid, 'MEMBER')
),
above AS (SELECT EXISTS (SELECT FROM roles WHERE rolsuper) AS all_rights),
schemas AS (
  SELECT n.oid, n.nspname FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
),
-- Lists of rights are read as they stand: to ask for each relation would take five times as long.
relations AS (
  SELECT c.oid, c.relkind = 'S' AS is_sequence, given.to_role, given.to_public
  FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace,
  LATERAL (
    SELECT bool_or(a.grantee = 0) AS to_public, bool_or(a.grantee = 0 OR a.grantee IN (
      SELECT r.oid FROM roles r WHERE r.inherited)) AS to_role
    FROM aclexplode(c.relacl) a
    WHERE CASE WHEN c.relkind = 'S' THEN a.privilege_type IN ('USAGE', 'UPDATE')
      ELSE a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN') END
  ) given
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relacl IS NOT NULL AND given.to_role
),
owned AS (
  SELECT c.oid, c.relkind = 'S' AS is_sequence
  FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND c.relowner IN (SELECT r.oid FROM roles r WHERE r.inherited)
),
by_column AS (
  SELECT a.attrelid AS oid FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid JOIN schemas s ON s.oid = c.relnamespace
  WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    AND has_column_privilege(session_user, a.attrelid, a.attnum, 'INSERT,UPDATE')
),
dangerous AS (
  SELECT e.extname, p.oid, p.pronamespace
  FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_proc p ON p.oid = d.objid
  WHERE e.extname IN ('dblink', 'adminpack', 'pg_surgery', 'pg_cron', 'pg_net', 'http', 'pg_background', 'plsh',
    'plproxy', 'orafce', 'aws_s3', 'aws_lambda', 'azure_storage')
),
untrusted AS (
  SELECT p.oid, p.pronamespace FROM pg_language l JOIN pg_proc p ON p.prolang = l.oid
  WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c')
),
found (kind, name) AS (
  SELECT 'superuser', NULL FROM above WHERE all_rights
  UNION ALL
  SELECT a.kind, NULL
  FROM above, (SELECT bool_or(rolcreaterole), bool_or(rolcreatedb), bool_or(rolreplication), bool_or(rolbypassrls)
    FROM roles) AS r (role, db, replication, bypass),
  LATERAL (VALUES ('create_role', role), ('create_db', db), ('replication', replication), ('bypass_rls', bypass))
    AS a (kind, held)
  WHERE a.held AND NOT all_rights
  UNION ALL
  SELECT 'member of ' || r.rolname, NULL FROM above, roles r WHERE r.rolname ~ '^pg_' AND NOT all_rights
  UNION ALL
  SELECT 'administrator', quote_ident(r.rolname) FROM above, roles r
  WHERE r.rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser', 'neon_superuser')
    AND NOT all_rights
  UNION ALL
  SELECT 'other_role', quote_ident(r.rolname) FROM above, roles r
  WHERE NOT r.inherited AND r.rolname !~ '^pg_' AND NOT all_rights
  UNION ALL
  SELECT CASE WHEN t.is_sequence THEN 'sequence' ELSE 'table' END, t.oid::regclass::text
  FROM above, LATERAL (
    (SELECT oid, is_sequence FROM owned LIMIT 1000)
    UNION (SELECT oid, is_sequence FROM relations LIMIT 1000)
    UNION (SELECT oid, false FROM by_column LIMIT 1000)
  ) AS t
  WHERE NOT all_rights
  UNION ALL
  SELECT 'schema', quote_ident(s.nspname) FROM above, schemas s
  WHERE NOT all_rights AND has_schema_privilege(session_user, s.oid, 'CREATE')
  UNION ALL
  SELECT 'database', quote_ident(current_database()) FROM above
  WHERE NOT all_rights AND has_database_privilege(session_user, current_database(), 'CREATE')
  UNION ALL
  SELECT DISTINCT 'extension', quote_ident(d.extname) FROM above, dangerous d
  WHERE NOT all_rights AND has_function_privilege(session_user, d.oid, 'EXECUTE')
    AND has_schema_privilege(session_user, d.pronamespace, 'USAGE')
  UNION ALL
  SELECT 'untrusted', u.oid::regprocedure::text FROM above, untrusted u
  WHERE NOT all_rights AND has_function_privilege(session_user, u.oid, 'EXECUTE')
    AND has_schema_privilege(session_user, u.pronamespace, 'USAGE')
  UNION ALL
  -- All of them are closed to PUBLIC as a server comes.
  SELECT DISTINCT CASE
      WHEN p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir') THEN 'reads_files'
      WHEN p.proname ~ '^(lo|pg_file)_' THEN 'writes_files'
      ELSE 'function' END, p.proname::text
  FROM above, pg_proc p
  WHERE NOT all_rights AND p.pronamespace = 'pg_catalog'::regnamespace
    AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'lo_export', 'lo_import', 'pg_file_write',
      'pg_file_rename', 'pg_file_unlink', 'pg_file_sync', 'pg_reload_conf', 'pg_rotate_logfile', 'pg_switch_wal',
      'pg_create_restore_point', 'pg_promote', 'pg_start_backup', 'pg_stop_backup', 'pg_backup_start',
      'pg_backup_stop', 'pg_wal_replay_pause', 'pg_wal_replay_resume', 'pg_stat_reset', 'pg_stat_reset_shared',
      'pg_replication_origin_create', 'pg_replication_origin_drop', 'pg_log_backend_memory_contexts')
    AND has_function_privilege(session_user, p.oid, 'EXECUTE')
  UNION ALL
  SELECT 'wrapper', quote_ident(w.fdwname) FROM above, pg_foreign_data_wrapper w
  WHERE NOT all_rights AND has_foreign_data_wrapper_privilege(session_user, w.oid, 'USAGE')
  UNION ALL
  SELECT DISTINCT 'foreign_server', quote_ident(m.srvname) FROM above, pg_user_mappings m
  WHERE NOT all_rights AND (m.umuser = 0 OR m.umuser IN (SELECT oid FROM roles))
  UNION ALL
  SELECT DISTINCT CASE WHEN t.is_sequence THEN 'public sequences' ELSE 'public tables' END, quote_ident(s.nspname)
  FROM relations t JOIN pg_class c ON c.oid = t.oid JOIN schemas s ON s.oid = c.relnamespace
  WHERE t.to_public
  UNION ALL
  SELECT 'public schemas', quote_ident(s.nspname) FROM schemas s WHERE has_schema_privilege('public', s.oid, 'CREATE')
  UNION ALL
  SELECT DISTINCT 'public extensions', quote_literal(d.extname) FROM dangerous d
  WHERE has_function_privilege('public', d.oid, 'EXECUTE')
  UNION ALL
  SELECT 'public routines', u.oid::regprocedure::text FROM untrusted u
  WHERE has_function_privilege('public', u.oid, 'EXECUTE')
)
SELECT kind, array_to_string(
    CASE WHEN kind ~ '^public ' THEN array_agg(name ORDER BY name) ELSE (array_agg(name ORDER BY name))[1:5] END,
    ', '), count(*)
FROM found GROUP BY kind
