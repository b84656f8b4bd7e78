-- The one at 0 is what a function returns.
SELECT specific_schema, specific_name, routine_type, ordinal_position, parameter_mode, parameter_name, dtd_identifier
FROM information_schema.parameters
WHERE specific_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
