SELECT event_object_schema, event_object_table, trigger_name, action_timing, event_manipulation
FROM information_schema.triggers
WHERE trigger_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
