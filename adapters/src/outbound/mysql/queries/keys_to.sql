SELECT referenced_table_schema, referenced_table_name, table_schema, table_name, constraint_name, ordinal_position,
       column_name, referenced_column_name, @@lower_case_table_names
FROM information_schema.key_column_usage
WHERE
