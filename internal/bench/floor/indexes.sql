-- The indexes of the graph, those that take longest to build first. Of a key, what makes a constraint
-- of the index.
SELECT pg_get_indexdef(i.indexrelid) AS build,
    CASE WHEN k.oid IS NULL THEN ''
         ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I', i.indrelid::regclass, k.conname,
            CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, c.relname) END AS attach
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am a ON a.oid = c.relam
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
WHERE n.nspname = 'rye' AND t.relname = ANY($1::text[])
ORDER BY a.amname <> 'gin', array_position($1::text[], t.relname::text), c.relname;
