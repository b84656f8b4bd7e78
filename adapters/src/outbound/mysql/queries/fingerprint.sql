-- While something has changed within the last two seconds, no answer is like another: these times have whole seconds,
-- and a second change in the same one would not be seen.
SELECT CONCAT_WS(
  ' ',
  DATABASE(),
  (SELECT CONCAT_WS(
            ' ', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('.', table_schema, table_name, create_time))),
            IF(MAX(create_time) >= SYSDATE() - INTERVAL 2 SECOND, SYSDATE(6), '-'))
   FROM information_schema.tables
   WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')),
  (SELECT CONCAT_WS(' ', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('.', table_schema, table_name, view_definition))))
   FROM information_schema.views
   WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')),
  (SELECT CONCAT_WS(
            ' ', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('.', routine_schema, routine_name, last_altered))),
            IF(MAX(last_altered) >= SYSDATE() - INTERVAL 2 SECOND, SYSDATE(6), '-'))
   FROM information_schema.routines
   WHERE routine_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')),
  (SELECT CONCAT_WS(' ', COUNT(*), BIT_XOR(CRC32(CONCAT_WS('.', trigger_schema, trigger_name, created))))
   FROM information_schema.triggers
   WHERE trigger_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')),
  (SELECT BIT_XOR(CRC32(schema_name)) FROM information_schema.schemata))
