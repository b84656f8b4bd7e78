SELECT {at}, constraint_name, delete_rule, update_rule
FROM information_schema.referential_constraints
WHERE constraint_schema = ? AND table_name = ?
