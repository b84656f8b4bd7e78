SELECT enumlabel
FROM pg_catalog.pg_enum
WHERE enumtypid = {type}::pg_catalog.regtype
ORDER BY enumsortorder
