-- {comment}: MariaDB alone has comments of databases. The last row tells of the session instead.
SELECT schema_name, {comment}, NULL
FROM information_schema.schemata
WHERE schema_name NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
UNION ALL
SELECT NULL, DATABASE(), @@lower_case_table_names
