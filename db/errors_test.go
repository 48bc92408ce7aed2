package db_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

var kinds = []error{
	db.ErrUnknownPipeline, db.ErrUnknownStage, db.ErrArchived, db.ErrNotPermitted,
	db.ErrSuperseded, db.ErrNotFound, db.ErrInvalid, db.ErrDuplicate,
}

// requireKind checks that an error is of one kind, of no other, and still what pgx gave.
func requireKind(t *testing.T, err, want error, msg ...any) {
	t.Helper()
	for _, kind := range kinds {
		require.Equal(t, errors.Is(kind, want), errors.Is(err, kind), append(msg, ": ", err)...)
	}
	if want == nil {
		return
	}
	translated, raw := new(db.Error), new(pgconn.PgError)
	require.ErrorAs(t, err, &translated, msg...)
	require.NotEmpty(t, translated.Message, msg...)
	require.True(t, errors.As(err, &raw) || errors.Is(err, pgx.ErrNoRows), msg...)
}

func TestTranslateError(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"RY001": db.ErrUnknownPipeline, "RY002": db.ErrUnknownStage, "RY003": db.ErrArchived, "RY004": db.ErrNotPermitted,
		"RY005": db.ErrSuperseded, "RY006": db.ErrNotFound, "RY007": db.ErrInvalid,
		"42501": db.ErrNotPermitted, "23505": db.ErrDuplicate, "23503": db.ErrInvalid, "22P02": db.ErrInvalid,
		"40P01": nil, "40001": nil, "42P01": nil, "RY999": nil,
	} {
		raw := &pgconn.PgError{Code: code, Message: "what", Hint: "how"}
		wrapped := fmt.Errorf("advancing: %w", raw)
		got := db.TranslateError(wrapped)
		requireKind(t, got, want, code)
		require.Equal(t, wrapped.Error(), got.Error(), "the context of callers stays")
		require.Equal(t, got, db.TranslateError(got), "translating again changes nothing")
		if want != nil {
			translated := new(db.Error)
			require.ErrorAs(t, got, &translated)
			require.Equal(t, []string{"what", "how"}, []string{translated.Message, translated.Hint})
		}
	}
	require.NoError(t, db.TranslateError(nil))
	require.Equal(t, io.EOF, db.TranslateError(io.EOF))
	requireKind(t, db.TranslateError(pgx.ErrNoRows), db.ErrNotFound)
	requireKind(t, db.TranslateError(&pgconn.PgError{Code: "23505", Message: "what", ConstraintName: "assertions_current"}), db.ErrSuperseded)

	var stage *db.UnknownStageError
	err := db.TranslateError(&pgconn.PgError{Code: "RY002", Message: "what", Detail: `{"pipeline": "PL", "stage": null, "stages": ["a", "b"]}`})
	require.ErrorAs(t, err, &stage)
	require.Equal(t, &db.UnknownStageError{Pipeline: "PL", Stages: []string{"a", "b"}}, stage)
	require.Equal(t, `pipeline PL has no stage "", there are: a, b`, stage.Error())
	// A schema that another tool made may say nothing, or something for people.
	err = db.TranslateError(&pgconn.PgError{Code: "RY002", Message: "what", Detail: "for people"})
	requireKind(t, err, db.ErrUnknownStage)
	require.False(t, errors.As(err, &stage))
}

// TestErrors makes the database say each of its errors, through every way that a query can take.
func TestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	_, err := w.owner.Exec(ctx, `INSERT INTO rye.nodes (id, node_type, label, archived_at) VALUES ($1, 'opportunity', 'Gone', now())`, id(0x39))
	require.NoError(t, err)
	_, err = w.owner.Exec(ctx, `INSERT INTO rye.nodes (id, node_type, label) VALUES ($1, 'opportunity', 'Homeless')`, id(0x38))
	require.NoError(t, err)
	const advance = "SELECT rye.advance_deal_stage($1, $2)"
	const create = "SELECT rye.create_opportunity('Deal', $1, $2)"
	const supersede = "SELECT rye.supersede_assertion(p_old_assertion_id := $1, p_new_claim := $2)"
	const merge = "SELECT rye.merge_nodes($1, $2)"
	const fact = "INSERT INTO rye.assertions (assertion_type, subject_node_id, claim) VALUES ($1, $2, '{}')"

	for name, c := range map[string]struct {
		viewer viewer
		want   error
		sql    string
		args   []any
	}{
		"unknown pipeline":                {salesman, db.ErrUnknownPipeline, create, []any{"PL-NONE", nil}},
		"no pipeline named":               {salesman, db.ErrUnknownPipeline, create, []any{nil, nil}},
		"in no pipeline":                  {salesman, db.ErrUnknownPipeline, advance, []any{id(0x38), "proposal"}},
		"unknown stage":                   {salesman, db.ErrUnknownStage, advance, []any{kettles, "nirvana"}},
		"no stage named":                  {salesman, db.ErrUnknownStage, advance, []any{kettles, nil}},
		"archived deal":                   {salesman, db.ErrArchived, advance, []any{id(0x39), "proposal"}},
		"archived duplicate":              {salesman, db.ErrArchived, merge, []any{id(0x39), tanks}},
		"archived survivor":               {salesman, db.ErrArchived, merge, []any{tanks, id(0x39)}},
		"agents advance nothing":          {agent, db.ErrNotPermitted, advance, []any{kettles, "closed_won"}},
		"agents merge nothing":            {agent, db.ErrNotPermitted, merge, []any{adaTwin, ada}},
		"a grant to read is none to move": {auditor, db.ErrNotPermitted, advance, []any{kettles, "closed_won"}},
		"row-level security":              {support, db.ErrNotPermitted, fact, []any{"sentiment", kettles}},
		"a materialized view":             {admin, db.ErrNotPermitted, "SELECT node_id FROM rye.opportunities_active", nil},
		"an open grant":                   {salesman, db.ErrNotPermitted, "INSERT INTO rye.access_grants (grantee, grant_type, resource_type, access_level) VALUES ('x', 'user', 'node', 'read')", nil},
		"in that stage already":           {salesman, db.ErrSuperseded, advance, []any{kettles, "proposal"}},
		"an old fact":                     {salesman, db.ErrSuperseded, supersede, []any{id(0x301), "{}"}},
		"a second current fact":           {salesman, db.ErrSuperseded, fact, []any{"deal_stage", kettles}},
		"a hidden deal":                   {support, db.ErrNotFound, advance, []any{kettles, "closed_won"}},
		"a deal that is a person":         {salesman, db.ErrNotFound, advance, []any{ada, "closed_won"}},
		"no fact":                         {salesman, db.ErrNotFound, supersede, []any{uuid.New(), "{}"}},
		"no node to merge":                {salesman, db.ErrNotFound, merge, []any{uuid.New(), ada}},
		"nobody to assign to":             {salesman, db.ErrNotFound, create, []any{"PL-SALES", uuid.New()}},
		"no row":                          {nobody, db.ErrNotFound, "SELECT id FROM rye.nodes WHERE id = $1", []any{kettles}},
		"into itself":                     {salesman, db.ErrInvalid, merge, []any{ada, ada}},
		"no claim":                        {salesman, db.ErrInvalid, supersede, []any{id(0x302), nil}},
		"teams without a classification":  {salesman, db.ErrInvalid, `UPDATE rye.nodes SET attrs = '{"teams": ["sales"]}' WHERE id = $1`, []any{tanks}},
		"more roles than participants":    {salesman, db.ErrInvalid, "SELECT rye.record_event('note', NULL, '{}', '{}', '{host}')", nil},
		"a fact about nothing":            {salesman, db.ErrInvalid, "INSERT INTO rye.assertions (assertion_type, claim) VALUES ('x', '{}')", nil},
		"a fact is not rewritten":         {salesman, db.ErrInvalid, "UPDATE rye.assertions SET claim = '{}' WHERE id = $1", []any{id(0x302)}},
		"a code twice":                    {salesman, db.ErrDuplicate, "INSERT INTO rye.nodes (node_type, external_source, external_id) VALUES ('org', 'internal', 'ORG-2401-0001')", nil},
		"a record twice":                  {salesman, db.ErrDuplicate, "INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id) VALUES ($1, 'salesforce', 'Account', '001A')", []any{globex}},
		"a wrong statement is ours":       {salesman, nil, "SELECT FROM rye.nowhere", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for way, run := range map[string]func(pgx.Tx) error{
				"query row": func(tx pgx.Tx) error { return tx.QueryRow(ctx, c.sql, c.args...).Scan(new(any)) },
				"query": func(tx pgx.Tx) error {
					rows, err := tx.Query(ctx, c.sql, c.args...)
					if err != nil {
						return err
					}
					for rows.Next() {
					}
					return rows.Err()
				},
				"exec": func(tx pgx.Tx) error { _, err := tx.Exec(ctx, c.sql, c.args...); return err },
				"collect": func(tx pgx.Tx) error {
					rows, _ := tx.Query(ctx, c.sql, c.args...)
					_, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[any])
					return err
				},
				"savepoint row": func(tx pgx.Tx) error {
					return pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, c.sql, c.args...).Scan(new(any)) })
				},
				"batch": func(tx pgx.Tx) error {
					b := &pgx.Batch{}
					b.Queue(c.sql, c.args...)
					return tx.SendBatch(ctx, b).Close()
				},
				"batch exec": func(tx pgx.Tx) error {
					b := &pgx.Batch{}
					b.Queue(c.sql, c.args...)
					results := tx.SendBatch(ctx, b)
					defer results.Close()
					_, err := results.Exec()
					return err
				},
				"batch query": func(tx pgx.Tx) error {
					b := &pgx.Batch{}
					b.Queue(c.sql, c.args...)
					results := tx.SendBatch(ctx, b)
					defer results.Close()
					rows, _ := results.Query()
					_, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[any])
					return err
				},
				"batch query row": func(tx pgx.Tx) error {
					b := &pgx.Batch{}
					b.Queue(c.sql, c.args...)
					results := tx.SendBatch(ctx, b)
					defer results.Close()
					return results.QueryRow().Scan(new(any))
				},
			} {
				err := w.try(c.viewer, run)
				if name == "no row" && !strings.HasSuffix(way, "row") {
					continue // for the caller to notice
				}
				require.Error(t, err, way)
				requireKind(t, err, c.want, way)
			}
		})
	}

	t.Run("details", func(t *testing.T) {
		t.Parallel()
		row := func(v viewer, sql string, args ...any) error {
			return w.try(v, func(tx pgx.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(new(any)) })
		}
		var inPipeline *db.UnknownPipelineError
		var stage *db.UnknownStageError
		var all *db.Error
		err := row(salesman, create, "PL-NONE", nil)
		require.ErrorAs(t, err, &inPipeline)
		require.Equal(t, &db.UnknownPipelineError{Pipeline: "PL-NONE", Pipelines: []string{"PL-SALES"}}, inPipeline)
		require.ErrorAs(t, err, &all)
		require.Equal(t, "unknown pipeline 'PL-NONE'", all.Message)
		require.Equal(t, "Pipelines: PL-SALES.", all.Hint)

		require.ErrorAs(t, row(salesman, advance, id(0x38), "proposal"), &inPipeline)
		require.Equal(t, &db.UnknownPipelineError{Pipelines: []string{"PL-SALES"}}, inPipeline)

		require.ErrorAs(t, row(salesman, advance, kettles, `nir"vana`), &stage)
		require.Equal(t, &db.UnknownStageError{
			Pipeline: "PL-SALES", Stage: `nir"vana`,
			Stages: []string{"prospecting", "proposal", "closed_won", "closed_lost"},
		}, stage)
		require.ErrorIs(t, stage, db.ErrUnknownStage)
	})

	t.Run("copy", func(t *testing.T) {
		t.Parallel()
		_, err := db.WithErrors(w.owner).CopyFrom(ctx, pgx.Identifier{"rye", "nodes"}, []string{"node_type", "external_source", "external_id"},
			pgx.CopyFromRows([][]any{{"org", "internal", "ORG-2401-0001"}}))
		requireKind(t, err, db.ErrDuplicate)
	})

	t.Run("without a transaction, and begun elsewhere", func(t *testing.T) {
		t.Parallel()
		_, err := db.New(db.WithErrors(w.owner)).NodeGetByCode(ctx, "CON-9999-0001")
		requireKind(t, err, db.ErrNotFound)
		_, err = db.New(w.owner).NodeGetByCode(ctx, "CON-9999-0001")
		requireKind(t, err, nil)
		requireKind(t, db.TranslateError(err), db.ErrNotFound)
		require.NoError(t, pgx.BeginFunc(ctx, w.owner, func(tx pgx.Tx) error {
			_, err := db.New(db.TxWithErrors(tx)).NodeGetByCode(ctx, "CON-9999-0001")
			requireKind(t, err, db.ErrNotFound)
			return nil
		}))
		require.NoError(t, pgx.BeginTxFunc(ctx, db.WithErrors(w.owner), pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			_, err := db.New(w.owner).WithTx(tx).NodeGetByCode(ctx, "CON-9999-0001")
			requireKind(t, err, db.ErrNotFound)
			node, err := db.New(tx).NodeGetByCode(ctx, "CON-2401-0001")
			require.Equal(t, ada, node.ID)
			return err
		}))
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		_, err = db.WithErrors(w.owner).Begin(canceled)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// try runs something on behalf of a viewer with errors translated, and takes back what it did.
func (w *world) try(v viewer, do func(pgx.Tx) error) error {
	w.Helper()
	ctx := context.Background()
	tx, err := db.WithErrors(w.app).Begin(ctx)
	require.NoError(w, err)
	defer tx.Rollback(ctx)
	require.NoError(w, db.New(tx).SessionSetContext(ctx, db.SessionSetContextParams(v)))
	return do(tx)
}
