-- +goose Up
-- +goose StatementBegin
-- What makes the merge of a source cheaper that comes beside others, into a graph that stands.

-- The last number that a node carries in its code, of those of a prefix and month that its counter has not passed for good yet; 0 if
-- there is none. A counter may go back to numbers that runs hold or have left, so what stands behind the first of them counts too.
-- What has more zeros before it than a code is no code. So in the order of the index, the numbers that the counter has passed come
-- before the others: they are as many as the graph has nodes, and none of them is read. Numbers of five digits and more may begin with
-- any digit but 0.
CREATE OR REPLACE FUNCTION rye_import.last_code_number(p_prefix text, p_year_month text) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(k.number::int), 0)
    FROM (
        SELECT substring(n.properties ->> 'code' FROM length(p_prefix || '-' || p_year_month || '-') + 1) AS number
        FROM rye.nodes n
        WHERE (n.properties ->> 'code') ~<~ (p_prefix || '-' || p_year_month || '.')
            AND (n.properties ->> 'code') ~>=~ (p_prefix || '-' || p_year_month || '-' || lpad(least(1000,
                coalesce((SELECT c.next_val FROM rye.crm_code_counters c WHERE c.prefix = p_prefix AND c.year_month = p_year_month), 0),
                (SELECT min(b.first_val) FROM rye_import.code_blocks b WHERE b.prefix = p_prefix AND b.year_month = p_year_month))::text, 4, '0'))
    ) k
    WHERE k.number ~ '^([0-9]{1,4}|[1-9][0-9]{4,8})$'
$$;

-- Where a row of the graph comes from, as attrs that hold nothing else: what attrs -> 'import' is with provenance(), and when it was loaded, if that
-- is told. Of a hundred thousand rows it matters that one text is read as JSON, and not one object put into the other.
CREATE OR REPLACE FUNCTION rye_import.origin(p_run_no int, p_file_no int, p_line int, p_object text, p_legacy_id text, p_slot text, p_loaded_at timestamptz)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ('{"import": {"run": ' || p_run_no || ', "file": ' || p_file_no || ', "line": ' || p_line
        || ', "record": ' || to_json(p_object || '/' || p_legacy_id)::text || ', "column": ' || coalesce(to_json(p_slot)::text, 'null')
        || coalesce(', "loaded_at": ' || to_json(p_loaded_at)::text, '') || '}}')::jsonb
$$;
-- +goose StatementEnd
