-- The statements that leave the tables of the graph bare: no keys, indexes, triggers, or foreign keys of
-- others that point at them. Foreign keys go first, since what they refer to cannot go before them.
WITH bare AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'rye' AND c.relname = ANY($1::text[])
), statements (step, statement) AS (
    SELECT 1, format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
    FROM pg_constraint k
    WHERE k.contype = 'f' AND (k.conrelid IN (SELECT oid FROM bare) OR k.confrelid IN (SELECT oid FROM bare))
    UNION ALL
    SELECT 2, format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
    FROM pg_constraint k
    WHERE k.contype IN ('p', 'u') AND k.conrelid IN (SELECT oid FROM bare)
    UNION ALL
    SELECT 3, format('DROP INDEX %s', i.indexrelid::regclass)
    FROM pg_index i
    WHERE i.indrelid IN (SELECT oid FROM bare) AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
    UNION ALL
    SELECT 4, format('ALTER TABLE %s DISABLE TRIGGER USER', bare.oid::regclass)
    FROM bare
)
SELECT statement FROM statements ORDER BY step, statement;
