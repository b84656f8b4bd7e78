SELECT {at}, constraint_name, check_clause, 'YES'
FROM information_schema.check_constraints
WHERE constraint_schema = ? AND table_name = ?
