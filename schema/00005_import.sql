-- +goose Up
-- +goose StatementBegin
-- The importer's bookkeeping. It stays out of the rye schema, which other tools read.

-- Numbers. A sequence does not go back when its transaction does, and a plan must use up none: while one is made,
-- numbers come from a range of their own, which no sequence reaches.
CREATE SEQUENCE rye_import.run_numbers AS int;
CREATE SEQUENCE rye_import.file_numbers AS int;
CREATE SEQUENCE rye_import.object_numbers AS int;
CREATE SEQUENCE rye_import.deferred_numbers;
CREATE SEQUENCE rye_import.block_numbers;
CREATE SEQUENCE rye_import.image_numbers;
CREATE FUNCTION rye_import.next_number(p_sequence regclass) RETURNS bigint LANGUAGE plpgsql
SET search_path = rye_import, pg_temp AS $$
DECLARE
    v_last text := current_setting('rye_import.plan', true);
BEGIN
    IF v_last IS NULL OR v_last = '' THEN
        RETURN nextval(p_sequence);
    END IF;
    PERFORM set_config('rye_import.plan', (v_last::bigint + 1)::text, true);
    RETURN v_last::bigint + 1;
END
$$;
COMMENT ON FUNCTION rye_import.next_number IS 'The next number of a sequence; in a transaction that has set rye_import.plan to a number, the one after it.';

CREATE TABLE rye_import.runs (
    run_no        int NOT NULL DEFAULT rye_import.next_number('rye_import.run_numbers') PRIMARY KEY,
    run_id        uuid NOT NULL UNIQUE,
    source        text NOT NULL,
    crm           text NOT NULL,
    command       text NOT NULL,
    status        text NOT NULL CHECK (status IN ('running', 'done', 'failed', 'stopped', 'interrupted', 'crashed')),
    full_export   boolean NOT NULL,
    mapping       text NOT NULL,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    merged_at     timestamptz,
    event_id      uuid,
    undoes        int REFERENCES rye_import.runs,
    undone_by     int REFERENCES rye_import.runs,
    pruned_at     timestamptz,
    error         text,
    summary       jsonb
);
COMMENT ON COLUMN rye_import.runs.pruned_at IS 'When the details of the run were taken away as too old: its rejects, and what would undo it.';
COMMENT ON TABLE rye_import.runs IS 'One row for each execution of an import.';
COMMENT ON COLUMN rye_import.runs.run_no IS 'The short number that provenance in rye carries.';
COMMENT ON COLUMN rye_import.runs.mapping IS 'The mapping and its version (a hash of its text).';
COMMENT ON COLUMN rye_import.runs.merged_at IS 'The time of the transaction that changed the graph: what the run made there has it as the time of creation.';
COMMENT ON COLUMN rye_import.runs.undoes IS 'The run that this one takes back.';
COMMENT ON COLUMN rye_import.runs.undone_by IS 'The run that has taken this one back.';
COMMENT ON COLUMN rye_import.runs.event_id IS 'The import_run event, when the run changed the graph.';
COMMENT ON COLUMN rye_import.runs.summary IS 'What run --output json printed.';
CREATE INDEX runs_source ON rye_import.runs (source, run_no);

CREATE TABLE rye_import.files (
    file_no  int NOT NULL DEFAULT rye_import.next_number('rye_import.file_numbers') PRIMARY KEY,
    run_no   int NOT NULL REFERENCES rye_import.runs ON DELETE CASCADE,
    path     text NOT NULL,
    object   text NOT NULL,
    format   text NOT NULL,
    encoding text NOT NULL,
    sha256   text NOT NULL,
    bytes    bigint NOT NULL
);
COMMENT ON TABLE rye_import.files IS 'A file that a run read.';
CREATE INDEX files_run ON rye_import.files (run_no);

CREATE TABLE rye_import.objects (
    object_no int NOT NULL DEFAULT rye_import.next_number('rye_import.object_numbers') PRIMARY KEY,
    source    text NOT NULL,
    object    text NOT NULL,
    UNIQUE (source, object)
);
COMMENT ON TABLE rye_import.objects IS 'A kind of record in a source, and the short number that stands for the pair.';

-- Its objects are there, for nobody takes one away: to look each up again takes a fifth of the time in which a record is noted.
CREATE TABLE rye_import.records (
    object_no    int NOT NULL,
    legacy_id    text COLLATE "C" NOT NULL,
    content_hash uuid NOT NULL,
    target_id    uuid,
    archived     text CHECK (archived IN ('deleted', 'missing', 'undone')),
    first_run_no int NOT NULL,
    run_no       int NOT NULL,
    file_no      int NOT NULL,
    line         int NOT NULL,
    PRIMARY KEY (object_no, legacy_id)
);
COMMENT ON TABLE rye_import.records IS 'What each record of a source was when it was last used: the ground on which a later run calls it unchanged.';
COMMENT ON COLUMN rye_import.records.content_hash IS 'The first 128 bits of the SHA-256 of the mapped record.';
COMMENT ON COLUMN rye_import.records.target_id IS 'The event, edge or participant that the record became; null for a node, which the crosswalk names.';
COMMENT ON COLUMN rye_import.records.archived IS 'Why the importer archived it: deleted in the source, missing from a full export, or brought by a run that was undone.';
COMMENT ON COLUMN rye_import.records.run_no IS 'The last run that changed it, which file_no and line belong to.';

CREATE TABLE rye_import.changes (
    change_no bigint NOT NULL DEFAULT rye_import.next_number('rye_import.image_numbers') PRIMARY KEY,
    run_no    int NOT NULL REFERENCES rye_import.runs ON DELETE CASCADE,
    node_id   uuid NOT NULL,
    file_no   int,
    line      int,
    before    jsonb NOT NULL,
    after     jsonb NOT NULL
);
COMMENT ON TABLE rye_import.changes IS 'What a run changed in nodes that stood already: the changed fields, before and after. A trigger of rye.nodes writes it.';
CREATE INDEX changes_run ON rye_import.changes (run_no);
CREATE INDEX changes_node ON rye_import.changes (node_id);

-- The fields that a change is about: the label, archived, and each property.
CREATE OR REPLACE FUNCTION rye_import.change_fields(p_before jsonb, p_after jsonb) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_keys((p_before || p_after) - 'properties' - 'archived_at')
    UNION ALL
    SELECT 'properties.' || jsonb_object_keys(coalesce(p_before -> 'properties', '{}') || coalesce(p_after -> 'properties', '{}'))
$$;

CREATE TABLE rye_import.rejects (
    run_no      int NOT NULL REFERENCES rye_import.runs ON DELETE CASCADE,
    file_no     int NOT NULL,
    rec         bigint NOT NULL,
    line        int NOT NULL,
    object      text NOT NULL,
    legacy_id   text,
    column_name text,
    value       text,
    code        text NOT NULL,
    reason      text NOT NULL,
    stage       text NOT NULL CHECK (stage IN ('decode', 'map', 'link', 'load')),
    root_run_no int,
    root_rec    bigint
);
COMMENT ON TABLE rye_import.rejects IS 'A record that could not be used, and why. The whole row stands in the reject file.';
COMMENT ON COLUMN rye_import.rejects.root_run_no IS 'Of a row that came back in a reject file and was rejected again: the run that rejected it first.';
COMMENT ON COLUMN rye_import.rejects.root_rec IS 'The number that the record has among the rejects of that run.';
CREATE INDEX rejects_run ON rye_import.rejects (run_no, rec);

CREATE TABLE rye_import.settled (
    run_no    int NOT NULL REFERENCES rye_import.runs ON DELETE CASCADE,
    rec       bigint NOT NULL,
    by_run_no int NOT NULL REFERENCES rye_import.runs ON DELETE CASCADE,
    PRIMARY KEY (run_no, rec, by_run_no)
);
COMMENT ON TABLE rye_import.settled IS 'The rejects of a run that a later one could use. It counts as long as the later run is done.';
CREATE INDEX settled_by ON rye_import.settled (by_run_no);
CREATE VIEW rye_import.reject_states AS
    SELECT j.run_no, j.rec, j.object, j.legacy_id, j.code, coalesce(j.root_run_no, j.run_no) AS root_run_no, coalesce(j.root_rec, j.rec) AS root_rec,
        (SELECT min(s.by_run_no) FROM rye_import.settled s JOIN rye_import.runs b ON b.run_no = s.by_run_no AND b.status = 'done' AND b.undone_by IS NULL
         WHERE s.run_no = coalesce(j.root_run_no, j.run_no) AND s.rec = coalesce(j.root_rec, j.rec)) AS by_run_no
    FROM rye_import.rejects j;
COMMENT ON VIEW rye_import.reject_states IS 'Each reject, the one that it was at first, and the run that settled it; null while it is open.';

CREATE TABLE rye_import.headers (
    run_no  int NOT NULL REFERENCES rye_import.runs ON DELETE CASCADE,
    object  text NOT NULL,
    columns text[] NOT NULL,
    always  text[] NOT NULL,
    gone    text[] NOT NULL,
    PRIMARY KEY (run_no, object)
);
COMMENT ON TABLE rye_import.headers IS 'The columns of an object of the mapping that a run knew, by which a later one tells what is new and what is gone. It counts as long as the run is done.';
COMMENT ON COLUMN rye_import.headers.columns IS 'As the export writes them. Of JSON, which leaves out what is blank, those of earlier runs too.';
COMMENT ON COLUMN rye_import.headers.always IS 'Those that every record had.';
COMMENT ON COLUMN rye_import.headers.gone IS 'Columns of the mapping that an earlier run had and this one was allowed to lack.';

CREATE TABLE rye_import.deferred (
    deferred_no    bigint NOT NULL DEFAULT rye_import.next_number('rye_import.deferred_numbers') PRIMARY KEY,
    object_no      int NOT NULL REFERENCES rye_import.objects,
    legacy_id      text COLLATE "C" NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('link', 'participant', 'fact', 'same')),
    slot           text NOT NULL,
    ref1_object_no int,
    ref1_id        text COLLATE "C",
    ref2_object_no int,
    ref2_id        text COLLATE "C",
    payload        jsonb NOT NULL,
    run_no         int NOT NULL,
    file_no        int NOT NULL,
    line           int NOT NULL,
    deferred_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rye_import.deferred IS 'Links, participants and facts whose other end has not arrived, kept until it does.';
CREATE INDEX deferred_record ON rye_import.deferred (object_no, legacy_id);
CREATE VIEW rye_import.deferred_references AS
    SELECT deferred_no, ref1_object_no AS object_no, ref1_id AS ref FROM rye_import.deferred WHERE kind <> 'same'
    UNION ALL
    SELECT deferred_no, ref2_object_no, ref2_id FROM rye_import.deferred WHERE kind <> 'same';
COMMENT ON VIEW rye_import.deferred_references IS 'Both ends of what is deferred, of which a name may be one.';

-- Under what a name compares: without case, as the database's own locale knows it.
CREATE OR REPLACE FUNCTION rye_import.name_key(p_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(p_name COLLATE "default")
$$;

CREATE TABLE rye_import.names (
    lookup_no int NOT NULL,
    name_key  text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL,
    object_no int NOT NULL,
    legacy_id text COLLATE "C" NOT NULL,
    derived   boolean NOT NULL,
    run_no    int NOT NULL
);
COMMENT ON TABLE rye_import.names IS 'The names that records answer to. The number of a lookup, as Account.name, stands among those of the objects.';
COMMENT ON COLUMN rye_import.names.derived IS 'Whether a reference alone made the record: one that has the name itself comes first.';
COMMENT ON COLUMN rye_import.names.run_no IS 'The run since which it has the name.';
CREATE INDEX names_key ON rye_import.names (lookup_no, name_key);
CREATE INDEX names_record ON rye_import.names (object_no, legacy_id);

CREATE TABLE rye_import.code_blocks (
    block_no   bigint NOT NULL DEFAULT rye_import.next_number('rye_import.block_numbers') PRIMARY KEY,
    prefix     text NOT NULL,
    year_month text NOT NULL,
    first_val  int NOT NULL,
    last_val   int NOT NULL,
    run_no     int
);
COMMENT ON TABLE rye_import.code_blocks IS 'Code numbers drawn from the counters that no node carries yet: held by a run, or free (run_no null) after a run failed.';
CREATE INDEX code_blocks_month ON rye_import.code_blocks (prefix, year_month, first_val);

-- Staging. Batches are copied in by many transactions and merged by a later one, so these tables
-- outlive the transactions that fill them. They are unlogged all the same: a server that crashes between the two empties
-- all of them at once, and the merge, which counts the records that are there, refuses to take the loss for an
-- empty export. What has no record beside it would not be missed, so staging_origins is logged.
CREATE UNLOGGED TABLE rye_import.staging_records (
    run_no       int NOT NULL,
    rec          bigint NOT NULL,
    object_no    int NOT NULL,
    legacy_id    text COLLATE "C" NOT NULL,
    kind         text NOT NULL,
    id           uuid NOT NULL,
    content_hash uuid NOT NULL,
    changed      boolean NOT NULL,
    deleted      boolean NOT NULL,
    existing     boolean NOT NULL,
    alias        boolean NOT NULL,
    version      timestamptz,
    created_at   timestamptz,
    file_no      int NOT NULL,
    line         int NOT NULL,
    same_object_no int,
    same_id      text COLLATE "C",
    amount       numeric,
    currency     text,
    stage        text
);
COMMENT ON TABLE rye_import.staging_records IS 'The records of a run, but for those in staging_unchanged.';
COMMENT ON COLUMN rye_import.staging_records.rec IS 'The number of the record in the run, in file order.';
COMMENT ON COLUMN rye_import.staging_records.kind IS 'node, event, edge or participant; carrier for a record whose deferred parts are tried again.';
COMMENT ON COLUMN rye_import.staging_records.id IS 'The node, event, edge or participant that the record becomes.';
COMMENT ON COLUMN rye_import.staging_records.changed IS 'Whether its content is staged, since it is new or differs from the last run.';
COMMENT ON COLUMN rye_import.staging_records.existing IS 'Whether an earlier run, or another tool, knew the record; set by the merge.';
COMMENT ON COLUMN rye_import.staging_records.alias IS 'Whether the record shares the node of another one; set by the merge.';
COMMENT ON COLUMN rye_import.staging_records.same_id IS 'The record that this one is the same entity as.';

CREATE UNLOGGED TABLE rye_import.staging_unchanged (
    run_no    int NOT NULL,
    object_no int NOT NULL,
    rec       bigint NOT NULL,
    file_no   int NOT NULL,
    line      int NOT NULL,
    version   timestamptz,
    deleted   boolean NOT NULL,
    kind      text NOT NULL,
    legacy_id text COLLATE "C" NOT NULL
);
COMMENT ON TABLE rye_import.staging_unchanged IS 'The keys of the records that are as they were when last used. The merge moves those of which it has something to ask to staging_records.';

CREATE UNLOGGED TABLE rye_import.staging_nodes (
    run_no      int NOT NULL,
    rec         bigint NOT NULL,
    node_type   text NOT NULL,
    label       text,
    code_prefix text,
    properties  jsonb NOT NULL,
    fill        jsonb,
    clear       text[]
);
COMMENT ON COLUMN rye_import.staging_nodes.fill IS 'Properties that are set only where nothing stands.';
COMMENT ON COLUMN rye_import.staging_nodes.clear IS 'Properties that are taken away.';

CREATE UNLOGGED TABLE rye_import.staging_names (
    run_no    int NOT NULL,
    rec       bigint NOT NULL,
    lookup_no int NOT NULL,
    name      text COLLATE "C" NOT NULL
);
COMMENT ON TABLE rye_import.staging_names IS 'The names that changed records answer to, by lookup.';

CREATE UNLOGGED TABLE rye_import.staging_twins (
    run_no    int NOT NULL,
    rec       bigint NOT NULL,
    object_no int NOT NULL,
    legacy_id text COLLATE "C" NOT NULL
);
COMMENT ON TABLE rye_import.staging_twins IS 'The records that were merged into changed records of the run.';

CREATE UNLOGGED TABLE rye_import.staging_links (
    run_no           int NOT NULL,
    rec              bigint NOT NULL,
    id               uuid NOT NULL,
    slot             text NOT NULL,
    rank             smallint NOT NULL,
    edge_type        text NOT NULL,
    source_object_no int,
    source_ref       text COLLATE "C",
    target_object_no int,
    target_ref       text COLLATE "C",
    properties       jsonb,
    effective_from   timestamptz,
    effective_to     timestamptz,
    end_known        boolean NOT NULL
);
COMMENT ON COLUMN rye_import.staging_links.end_known IS 'Whether the source says when the link ended; else effective_to is the time of the change by which it was known to have ended.';
COMMENT ON TABLE rye_import.staging_links IS 'Edges between records. A null reference is the record itself; a null object number any object of the source. The number may be that of a lookup, as in facts, events and participants: the reference is a name then, until the merge puts the record in its place.';

CREATE UNLOGGED TABLE rye_import.staging_facts (
    run_no            int NOT NULL,
    rec               bigint NOT NULL,
    id                uuid NOT NULL,
    slot              text NOT NULL,
    subject_object_no int,
    subject_ref       text COLLATE "C",
    assertion_type    text NOT NULL,
    assertion_key     text NOT NULL,
    claim             jsonb,
    asserted_at       timestamptz,
    history           boolean NOT NULL
);
COMMENT ON TABLE rye_import.staging_facts IS 'Assertions. A null claim withdraws the fact; history is what was true then, not now.';

CREATE UNLOGGED TABLE rye_import.staging_events (
    run_no          int NOT NULL,
    rec             bigint NOT NULL,
    event_type      text NOT NULL,
    occurred_at     timestamptz NOT NULL,
    summary         text,
    properties      jsonb NOT NULL,
    actor_object_no int,
    actor_ref       text COLLATE "C"
);

CREATE UNLOGGED TABLE rye_import.staging_participants (
    run_no          int NOT NULL,
    rec             bigint NOT NULL,
    id              uuid NOT NULL,
    slot            text NOT NULL,
    role            text NOT NULL,
    event_object_no int,
    event_ref       text COLLATE "C",
    node_object_no  int,
    node_ref        text COLLATE "C" NOT NULL,
    properties      jsonb
);

CREATE UNLOGGED TABLE rye_import.staging_stages (
    run_no             int NOT NULL,
    pipeline_object_no int,
    pipeline_ref       text COLLATE "C",
    legacy_id          text COLLATE "C",
    label              text NOT NULL,
    stage_key          text NOT NULL,
    sort_order         double precision,
    probability        double precision,
    closed             boolean,
    won                boolean,
    seen               int NOT NULL
);
COMMENT ON COLUMN rye_import.staging_stages.legacy_id IS 'What deals name a defined stage by, where that is not its label.';
COMMENT ON TABLE rye_import.staging_stages IS 'The stages that a batch has seen in use, and how often, or defined; one without a pipeline is defined for all.';

CREATE TABLE rye_import.staging_origins (
    run_no      int NOT NULL,
    rec         bigint NOT NULL,
    object      text NOT NULL,
    run_id      text COLLATE "C" NOT NULL,
    path        text COLLATE "C" NOT NULL,
    line        int NOT NULL,
    root_run_no int,
    root_rec    bigint
);
COMMENT ON TABLE rye_import.staging_origins IS 'Where the rows of reject files stood first, as these say it; blank or 0 for what they do not say.';
COMMENT ON COLUMN rye_import.staging_origins.root_run_no IS 'The run that rejected the row first; set by the merge.';

CREATE VIEW rye_import.staging_references AS
    SELECT run_no, rec, source_object_no AS object_no, source_ref AS ref FROM rye_import.staging_links
    UNION ALL
    SELECT run_no, rec, target_object_no, target_ref FROM rye_import.staging_links
    UNION ALL
    SELECT run_no, rec, node_object_no, node_ref FROM rye_import.staging_participants
    UNION ALL
    SELECT run_no, rec, subject_object_no, subject_ref FROM rye_import.staging_facts
    UNION ALL
    SELECT run_no, rec, actor_object_no, actor_ref FROM rye_import.staging_events;
COMMENT ON VIEW rye_import.staging_references IS 'Whatever in staging may refer to a record by its name.';

-- The merge's own tables. Nothing reads them but the one transaction that fills them, so that a
-- crash has nothing to lose here and they need no log. Being tables and not temporary ones, they
-- let every statement of the merge be checked before it is ever run.
CREATE UNLOGGED TABLE rye_import.merge_losers (
    run_no    int NOT NULL,
    rec       bigint NOT NULL,
    object_no int NOT NULL,
    legacy_id text COLLATE "C" NOT NULL,
    file_no   int NOT NULL,
    line      int NOT NULL,
    verdict   text NOT NULL,
    winner    bigint NOT NULL
);
COMMENT ON TABLE rye_import.merge_losers IS 'Records whose key another record of the run has too, and which is used instead.';

CREATE UNLOGGED TABLE rye_import.merge_names (
    run_no     int NOT NULL,
    lookup_no  int NOT NULL,
    name_key   text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    rec        bigint NOT NULL,
    candidates bigint NOT NULL,
    derived    boolean NOT NULL,
    object_no  int,
    legacy_id  text COLLATE "C"
);
COMMENT ON TABLE rye_import.merge_names IS 'The names that references of the run and deferred ones use, as the first of them writes each, how many nodes it fits, and the record, if it is one node.';
COMMENT ON COLUMN rye_import.merge_names.derived IS 'Whether the record is one that the reference makes.';

CREATE UNLOGGED TABLE rye_import.merge_codes (
    run_no int NOT NULL,
    rec    bigint NOT NULL,
    code   text NOT NULL
);
COMMENT ON TABLE rye_import.merge_codes IS 'The codes of new nodes.';

CREATE UNLOGGED TABLE rye_import.merge_nodes (
    run_no     int NOT NULL,
    rec        bigint NOT NULL,
    node_id    uuid NOT NULL,
    label      text,
    properties jsonb NOT NULL,
    archive    boolean,
    said       jsonb,
    file_no    int NOT NULL,
    line       int NOT NULL
);
CREATE INDEX merge_nodes_node ON rye_import.merge_nodes (node_id);
COMMENT ON TABLE rye_import.merge_nodes IS 'What changes in nodes that stand: properties that are new or differ, and whether the node is archived (true) or comes back (false).';
COMMENT ON COLUMN rye_import.merge_nodes.said IS 'Of a node that people have edited, all that the run says of it: label, archived and properties.';

CREATE UNLOGGED TABLE rye_import.merge_contested (
    run_no     int NOT NULL,
    rec        bigint,
    object_no  int NOT NULL,
    legacy_id  text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    kind       text NOT NULL,
    field      text NOT NULL,
    base       jsonb,
    held       jsonb,
    incoming   jsonb,
    staged     jsonb,
    fact_ids   uuid[],
    edited_by  text,
    edited_at  timestamptz,
    file_no    int NOT NULL,
    line       int NOT NULL,
    verdict    text NOT NULL
);
COMMENT ON TABLE rye_import.merge_contested IS 'What people have changed and the run, or a conflict that stands, says something of, and what becomes of each: see rye_import.verdict. The columns are those of rye_import.conflicts.';
COMMENT ON COLUMN rye_import.merge_contested.rec IS 'Null if the run has not met the record.';
COMMENT ON COLUMN rye_import.merge_contested.fact_ids IS 'The staged facts that come after the one of the person.';

CREATE UNLOGGED TABLE rye_import.merge_locks (
    run_no   int NOT NULL,
    node_id  uuid NOT NULL,
    strength int NOT NULL
);
COMMENT ON TABLE rye_import.merge_locks IS 'The nodes that the merge touches and that stand in the graph; it locks them before it decides anything.';
COMMENT ON COLUMN rye_import.merge_locks.strength IS '3 where it writes what others may write too, 2 where it changes properties alone, 1 where the node must only stay what it is.';

CREATE UNLOGGED TABLE rye_import.merge_effects (
    run_no int NOT NULL,
    rec    bigint NOT NULL,
    effect text NOT NULL
);
COMMENT ON TABLE rye_import.merge_effects IS 'What the run did to the graph for records that were known before.';

CREATE UNLOGGED TABLE rye_import.merge_edges (
    run_no         int NOT NULL,
    rec            bigint NOT NULL,
    id             uuid NOT NULL,
    slot           text NOT NULL,
    rank           smallint NOT NULL,
    edge_type      text NOT NULL,
    source_id      uuid,
    target_id      uuid,
    properties     jsonb,
    effective_from timestamptz,
    effective_to   timestamptz,
    end_known      boolean NOT NULL,
    outcome        text NOT NULL
);
COMMENT ON TABLE rye_import.merge_edges IS 'Staged links with their ends resolved, and what becomes of each: new, ended, closing, present, twin, self or deferred. The id of a present or closing one is that of the edge that stands.';

CREATE UNLOGGED TABLE rye_import.merge_participants (
    run_no     int NOT NULL,
    rec        bigint NOT NULL,
    id         uuid NOT NULL,
    event_id   uuid,
    node_id    uuid,
    role       text NOT NULL,
    properties jsonb,
    outcome    text NOT NULL
);
COMMENT ON TABLE rye_import.merge_participants IS 'Staged participants with their event and node resolved, and what becomes of each: new, present, twin or deferred.';

CREATE UNLOGGED TABLE rye_import.merge_deferred (
    run_no         int NOT NULL,
    object_no      int NOT NULL,
    legacy_id      text COLLATE "C" NOT NULL,
    kind           text NOT NULL,
    slot           text NOT NULL,
    ref1_object_no int,
    ref1_id        text COLLATE "C",
    ref2_object_no int,
    ref2_id        text COLLATE "C",
    deferred_at    timestamptz NOT NULL
);
COMMENT ON TABLE rye_import.merge_deferred IS 'What was deferred and is told anew or tried again, and since when it has waited.';

CREATE UNLOGGED TABLE rye_import.merge_deals (
    run_no      int NOT NULL,
    deal_id     uuid NOT NULL,
    pipeline_id uuid NOT NULL
);
COMMENT ON TABLE rye_import.merge_deals IS 'The pipeline of each deal that has staged facts about its stage.';

CREATE UNLOGGED TABLE rye_import.merge_stages (
    run_no      int NOT NULL,
    pipeline_id uuid NOT NULL,
    code        text NOT NULL,
    label       text NOT NULL,
    stage_key   text NOT NULL,
    keep_label  boolean NOT NULL
);
COMMENT ON TABLE rye_import.merge_stages IS 'The stage key of each legacy label, per pipeline.';

CREATE UNLOGGED TABLE rye_import.merge_facts (
    run_no         int NOT NULL,
    rec            bigint,
    id             uuid NOT NULL,
    slot           text,
    subject_id     uuid NOT NULL,
    assertion_type text NOT NULL,
    assertion_key  text NOT NULL,
    claim          jsonb,
    asserted_at    timestamptz NOT NULL,
    event_id       uuid,
    recorded       boolean NOT NULL,
    stands         boolean NOT NULL,
    prev_stage     text,
    next_id        uuid,
    next_at        timestamptz
);
COMMENT ON TABLE rye_import.merge_facts IS 'Chains of facts: staged ones with their subject resolved, and those that stand already about the same subjects, each with what it follows and what follows it.';
COMMENT ON COLUMN rye_import.merge_facts.claim IS 'Null ends the chain.';
COMMENT ON COLUMN rye_import.merge_facts.recorded IS 'Whether the event is that of a history record; otherwise the merge makes it.';

CREATE UNLOGGED TABLE rye_import.merge_undo (
    run_no   int NOT NULL,
    relation text NOT NULL,
    id       uuid NOT NULL,
    fate     text,
    reason   text
);
COMMENT ON TABLE rye_import.merge_undo IS 'What the run that is taken back has put into the graph, and what becomes of each row: it goes (null), or is archived or kept, for a reason.';
-- What a plan tells of each record. Only plans write here, and they take it back.
CREATE UNLOGGED TABLE rye_import.plan_lines (
    run_no    int NOT NULL,
    rec       bigint NOT NULL,
    object_no int,
    object    text NOT NULL,
    legacy_id text COLLATE "C" NOT NULL,
    node_id   uuid,
    action    text NOT NULL,
    reason    text,
    reject    jsonb,
    file_no   int,
    line      int
);
CREATE INDEX plan_lines_rec ON rye_import.plan_lines (run_no, rec);
CREATE INDEX plan_lines_record ON rye_import.plan_lines (object_no, legacy_id);
CREATE INDEX plan_lines_node ON rye_import.plan_lines (node_id);
COMMENT ON TABLE rye_import.plan_lines IS 'The records of which a plan tells: those of the run in their order, then those that are missing, then others that the run would touch.';
COMMENT ON COLUMN rye_import.plan_lines.object_no IS 'Null for a record that is not used; else there is one line for a record.';
CREATE UNLOGGED TABLE rye_import.plan_parts (
    run_no int NOT NULL,
    rec    bigint NOT NULL,
    part   int NOT NULL,
    n      bigint NOT NULL,
    detail jsonb NOT NULL
);
CREATE INDEX plan_parts_rec ON rye_import.plan_parts (run_no, rec);
COMMENT ON TABLE rye_import.plan_parts IS 'What a run would do with the record of a line.';
COMMENT ON COLUMN rye_import.plan_parts.part IS 'In tens: 1 changes of the node, 2 links, 3 participants, 4 facts, 5 events, 6 conflicts.';

CREATE OR REPLACE AGGREGATE rye_import.jsonb_merge (jsonb) (
    SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}'
);

-- Only its owner may analyze a table, and the loader is none; hence SECURITY DEFINER. Without
-- statistics of what was just copied the planner would join by guesswork. What it has to know is how many rows there are, and which
-- of the few values of some columns are how frequent: a small sample tells, and of columns that only the rows carry nothing is asked.
CREATE FUNCTION rye_import.analyze_staging() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET default_statistics_target = 10 AS $$
BEGIN
    ANALYZE staging_unchanged (run_no, object_no, legacy_id),
        staging_records (run_no, rec, object_no, legacy_id, kind, id, changed, deleted, existing, alias, same_object_no, same_id, amount),
        staging_nodes (run_no, rec, code_prefix), staging_names (run_no, rec, lookup_no, name), staging_twins,
        staging_links (run_no, rec, id, source_object_no, source_ref, target_object_no, target_ref),
        staging_facts (run_no, rec, subject_object_no, subject_ref, assertion_type, assertion_key),
        staging_events (run_no, rec, actor_object_no, actor_ref),
        staging_participants (run_no, rec, event_object_no, event_ref, node_object_no, node_ref), staging_stages;
END
$$;
CREATE FUNCTION rye_import.analyze_merge(p_step text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET default_statistics_target = 10 AS $$
BEGIN
    CASE p_step
        WHEN 'records' THEN
            ANALYZE staging_records (run_no, rec, object_no, legacy_id, kind, id, changed, deleted, existing, alias, same_object_no, same_id, amount);
        WHEN 'nodes' THEN
            ANALYZE merge_nodes (run_no, rec, node_id);
        WHEN 'edges' THEN
            ANALYZE merge_edges (run_no, rec, id, slot, edge_type, source_id, target_id, effective_to, outcome);
        WHEN 'facts' THEN
            ANALYZE merge_deals, merge_stages,
                merge_facts (run_no, rec, id, subject_id, assertion_type, assertion_key, event_id, recorded, stands, next_id, next_at);
    END CASE;
END
$$;
COMMENT ON FUNCTION rye_import.analyze_merge IS 'After a step of the merge (records, nodes, edges, facts): what it has filled.';

-- Takes the rows of all runs out of the tables of staging and of the merge. Each table that is emptied costs a few
-- files, and to wait for the disk: those that have never been written to since are let alone.
CREATE FUNCTION rye_import.empty_staging() RETURNS void LANGUAGE plpgsql
SET search_path = rye_import, pg_temp AS $$
DECLARE
    v_table regclass;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'staging_records', 'staging_unchanged', 'staging_nodes', 'staging_names', 'staging_twins', 'staging_links',
        'staging_facts', 'staging_events', 'staging_participants', 'staging_stages', 'staging_origins',
        'merge_losers', 'merge_names', 'merge_codes', 'merge_nodes', 'merge_contested', 'merge_locks',
        'merge_effects', 'merge_edges', 'merge_participants', 'merge_deferred', 'merge_deals', 'merge_stages',
        'merge_facts', 'merge_undo'
    ]::regclass[] LOOP
        IF pg_relation_size(v_table) > 0 THEN
            EXECUTE format('TRUNCATE %s', v_table);
        END IF;
    END LOOP;
END
$$;

CREATE FUNCTION rye_import.analyze_undo() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp AS $$
BEGIN
    ANALYZE merge_undo;
END
$$;

CREATE FUNCTION rye_import.analyze_names() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp AS $$
BEGIN
    ANALYZE names, merge_names;
END
$$;

-- The name of a living record that is most like one which fits none; null if none is alike, or if there
-- are too many to look at each.
CREATE FUNCTION rye_import.similar_name(p_lookup_no int, p_name text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = rye_import, public, pg_temp AS $$
DECLARE
    v_key text := name_key(p_name);
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM names WHERE lookup_no = p_lookup_no LIMIT 100001) most) > 100000 THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT k.name
        FROM names k
        LEFT JOIN records r ON r.object_no = k.object_no AND r.legacy_id = k.legacy_id
        -- Names of very different lengths are not alike, and lengths are cheap to compare.
        WHERE k.lookup_no = p_lookup_no AND length(k.name_key) BETWEEN length(v_key) * 0.6 - 2 AND length(v_key) / 0.6 + 2
            AND similarity(k.name_key, v_key) >= 0.6 AND r.archived IS NULL
        ORDER BY similarity(k.name_key, v_key) DESC, k.derived, k.name
        LIMIT 1);
END
$$;
-- pg_trgm may stand in another schema than public.
DO $trgm$
BEGIN
    EXECUTE format('ALTER FUNCTION rye_import.similar_name(int, text) SET search_path = rye_import, %I, pg_temp', (
        SELECT s.nspname FROM pg_extension e JOIN pg_namespace s ON s.oid = e.extnamespace WHERE e.extname = 'pg_trgm'));
END
$trgm$;

-- Folds a node into the one that its source has merged it into, also where one of the two is archived: what
-- was deleted first and merged then leads to the survivor all the same. Says whether the duplicate was alive.
CREATE FUNCTION rye_import.fold_node(p_duplicate_id uuid, p_canonical_id uuid, p_merged_by text) RETURNS boolean LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    v_duplicate timestamptz := (SELECT archived_at FROM nodes WHERE id = p_duplicate_id);
    v_canonical timestamptz := (SELECT archived_at FROM nodes WHERE id = p_canonical_id);
BEGIN
    UPDATE nodes SET archived_at = NULL WHERE id IN (p_duplicate_id, p_canonical_id) AND archived_at IS NOT NULL;
    PERFORM merge_nodes(p_duplicate_id, p_canonical_id, p_merged_by);
    IF v_duplicate IS NOT NULL THEN
        UPDATE nodes SET archived_at = v_duplicate WHERE id = p_duplicate_id;
    END IF;
    IF v_canonical IS NOT NULL THEN
        UPDATE nodes SET archived_at = v_canonical WHERE id = p_canonical_id;
        UPDATE edges SET effective_to = greatest(now(), effective_from)
        WHERE p_canonical_id IN (source_id, target_id) AND effective_to IS NULL AND archived_at IS NULL;
    END IF;
    RETURN v_duplicate IS NULL;
END
$$;

-- Where a row of the graph comes from, as its attrs carry it.
CREATE FUNCTION rye_import.provenance(p_run_no int, p_file_no int, p_line int, p_object text, p_legacy_id text, p_slot text)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_build_object('run', p_run_no, 'file', p_file_no, 'line', p_line,
        'record', p_object || '/' || p_legacy_id, 'column', p_slot)
$$;

-- The edges of a type from one node to another, looked for from the source, or from the target where the source has many of the type: a
-- campaign has thousands, a pipeline is the target of thousands, and no statistics tell which end is like that. Of each end but one condition
-- fits an index, so that the planner can take no other.
CREATE FUNCTION rye_import.edges_between(p_source_id uuid, p_edge_type text, p_target_id uuid) RETURNS SETOF rye.edges LANGUAGE sql STABLE AS $$
    SELECT e.*
    FROM (
        SELECT count(*) > 32 AS many
        FROM (SELECT FROM rye.edges k WHERE k.source_id = p_source_id AND k.edge_type = p_edge_type LIMIT 33) first
    ) c
    CROSS JOIN LATERAL (
        SELECT k.* FROM rye.edges k
        WHERE NOT c.many AND k.source_id = p_source_id AND k.edge_type = p_edge_type AND k.target_id IS NOT DISTINCT FROM p_target_id
        UNION ALL
        SELECT k.* FROM rye.edges k
        WHERE c.many AND k.target_id = p_target_id AND k.edge_type = p_edge_type AND k.source_id IS NOT DISTINCT FROM p_source_id
    ) e
$$;

-- How a value is written, without what it says: digits are 9, one or two of them alike, and words are a.
CREATE FUNCTION rye_import.value_shape(p_value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(left(p_value, 40),
        '[^0-9 .:,/+()%$-]+', 'a', 'g'), '[0-9]', '9', 'g'), '(?<!9)9(?!9)', '99', 'g')
$$;

-- What attrs carry anybody may have written: a number of the journal that is none reads as null.
CREATE OR REPLACE FUNCTION rye_import.journal_number(p_value jsonb) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'number' AND p_value::numeric BETWEEN 0 AND 2147483647 THEN p_value::int END
$$;
-- +goose StatementEnd
