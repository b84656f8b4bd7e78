SELECT {at}, constraint_name, check_clause, enforced
FROM information_schema.table_constraints
JOIN information_schema.check_constraints USING (constraint_schema, constraint_name)
WHERE table_schema = ? AND table_name = ? AND constraint_type = 'CHECK'
