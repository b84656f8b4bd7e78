-- Apart from the rest: both servers open tables for these, MariaDB each one, MySQL those whose figures it does not hold.
SELECT table_schema, table_name, table_rows, create_options LIKE '%partitioned%'
FROM information_schema.tables
WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
  AND table_type <> 'VIEW'
