SELECT {at}, trigger_name, action_timing, event_manipulation, action_order, action_statement
FROM information_schema.triggers
WHERE event_object_schema = ? AND event_object_table = ?
