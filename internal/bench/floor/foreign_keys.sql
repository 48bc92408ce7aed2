-- The foreign keys between tables of the graph: added without a look at the rows, then checked.
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) AS add,
    format('ALTER TABLE %s VALIDATE CONSTRAINT %I', k.conrelid::regclass, k.conname) AS validate,
    k.conrelid::regclass::text AS table
FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid
JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE k.contype = 'f' AND n.nspname = 'rye' AND rn.nspname = 'rye' AND t.relname = ANY($1::text[]) AND r.relname = ANY($1::text[])
ORDER BY t.relname, k.conname;
