-- MergeStageInsertMany notes the stage key of each label in each pipeline.
-- name: MergeStageInsertMany :exec
INSERT INTO rye_import.merge_stages (run_no, pipeline_id, code, label, stage_key, keep_label)
SELECT @run_no::int, unnest(@pipeline_ids::uuid[]), unnest(@codes::text[]), unnest(@labels::text[]), unnest(@stage_keys::text[]),
    unnest(@keep_labels::boolean[]);
