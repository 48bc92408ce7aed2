package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What can go wrong with a query, to be told apart by errors.Is. A connection that went through
// WithErrors gives these by itself; TranslateError makes them of any error.
var (
	// ErrUnknownPipeline: no such pipeline, or none that the session sees. See UnknownPipelineError.
	ErrUnknownPipeline = errors.New("unknown pipeline")
	// ErrUnknownStage: the pipeline has no such stage. See UnknownStageError.
	ErrUnknownStage = errors.New("unknown stage")
	// ErrArchived: the node is archived and takes no changes.
	ErrArchived = errors.New("archived")
	// ErrNotPermitted: the session sees the row but may not do this to it, or its database role may not.
	ErrNotPermitted = errors.New("not permitted")
	// ErrSuperseded: somebody else was faster. Read the current fact again and decide anew.
	ErrSuperseded = errors.New("already superseded")
	// ErrNotFound: no such row, or none that the session sees. pgx.ErrNoRows is this too.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: the arguments do not fit each other or the graph; the same call will never work.
	ErrInvalid = errors.New("invalid arguments")
	// ErrDuplicate: there is such a row already, for example a living node with the same external id.
	ErrDuplicate = errors.New("duplicate")
)

// An Error is an error of the database that says what kind it is. It wraps one of the errors above and
// the one that pgx gave (a *pgconn.PgError or pgx.ErrNoRows).
type Error struct {
	Message string // what is wrong, for people; without the context that callers added
	Hint    string // what to do about it, for people; may be blank

	kind error
	err  error
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives the kind of the error, and the error as it came.
func (e *Error) Unwrap() []error { return []error{e.kind, e.err} }

// UnknownPipelineError is the detail of an ErrUnknownPipeline, for errors.As.
type UnknownPipelineError struct {
	Pipeline  string   `json:"pipeline"`  // the code that was asked for; blank where a deal is in no pipeline
	Pipelines []string `json:"pipelines"` // the codes of those that the session sees
}

func (e *UnknownPipelineError) Error() string {
	return fmt.Sprintf("unknown pipeline %q, there are: %s", e.Pipeline, strings.Join(e.Pipelines, ", "))
}

// Unwrap gives ErrUnknownPipeline.
func (e *UnknownPipelineError) Unwrap() error { return ErrUnknownPipeline }

// UnknownStageError is the detail of an ErrUnknownStage, for errors.As.
type UnknownStageError struct {
	Pipeline string   `json:"pipeline"` // the code of the deal's pipeline
	Stage    string   `json:"stage"`    // the key that was asked for
	Stages   []string `json:"stages"`   // the keys of the stages that there are, in their order
}

func (e *UnknownStageError) Error() string {
	return fmt.Sprintf("pipeline %s has no stage %q, there are: %s", e.Pipeline, e.Stage, strings.Join(e.Stages, ", "))
}

// Unwrap gives ErrUnknownStage.
func (e *UnknownStageError) Unwrap() error { return ErrUnknownStage }

// TranslateError makes an *Error of an error of the database that has a name here, and gives every
// other error back as it came: nil, a lost connection, a deadlock, a context that ended. What callers
// wrapped around the error stays. It is for errors of connections that did not go through WithErrors;
// an error that was translated already is given back.
func TranslateError(err error) error {
	if err == nil {
		return nil
	}
	if done := new(Error); errors.As(err, &done) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return &Error{Message: "no such row", kind: ErrNotFound, err: err}
	}
	pgErr := new(pgconn.PgError)
	if !errors.As(err, &pgErr) {
		return err
	}
	kind := kindOf(pgErr)
	if kind == nil {
		return err
	}
	return &Error{Message: pgErr.Message, Hint: pgErr.Hint, kind: kind, err: err}
}

// kindOf gives the sentinel, or the detail that wraps it, of what the database said. The RYnnn are
// raised by the functions in schema/.
func kindOf(e *pgconn.PgError) error {
	switch e.Code {
	case "RY001":
		return detailed(e, &UnknownPipelineError{}, ErrUnknownPipeline)
	case "RY002":
		return detailed(e, &UnknownStageError{}, ErrUnknownStage)
	case "RY003":
		return ErrArchived
	case "RY004", "42501": // insufficient_privilege, which row-level security raises too
		return ErrNotPermitted
	case "RY005":
		return ErrSuperseded
	case "RY006":
		return ErrNotFound
	case "RY007", "23502", "23503", "23514": // not null, foreign key, check
		return ErrInvalid
	case "23505": // unique
		if e.ConstraintName == "assertions_current" {
			return ErrSuperseded
		}
		return ErrDuplicate
	}
	if strings.HasPrefix(e.Code, "22") { // data that is not of its type
		return ErrInvalid
	}
	return nil
}

// detailed reads the DETAIL of an error, which is JSON where it comes from functions of this schema; a
// schema that another tool made may give none.
func detailed(e *pgconn.PgError, into, otherwise error) error {
	if json.Unmarshal([]byte(e.Detail), into) != nil {
		return otherwise
	}
	return into
}

// A Conn is what WithErrors wraps: a *pgxpool.Pool, a *pgxpool.Conn or a *pgx.Conn.
type Conn interface {
	DBTX
	Begin(ctx context.Context) (pgx.Tx, error)
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// WithErrors wraps a pool or a connection so that everything that it and its transactions give back
// went through TranslateError. It is to be called once, where the pool is made:
//
//	conn := db.WithErrors(pool)
//	q := db.New(conn)
//	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
//		_, err := q.WithTx(tx).NodeGetByCode(ctx, "CON-2401-0001")
//		return err // errors.Is(err, db.ErrNotFound)
//	})
func WithErrors(c Conn) Conn { return translatingConn{translating{c}, c} }

// TxWithErrors is WithErrors for a transaction that was begun elsewhere.
func TxWithErrors(tx pgx.Tx) pgx.Tx { return translatingTx{translating{tx}, untranslated{tx}} }

type translatingConn struct {
	translating
	conn Conn
}

func (c translatingConn) Begin(ctx context.Context) (pgx.Tx, error) {
	return beginWithErrors(c.conn.Begin(ctx))
}

func (c translatingConn) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	return beginWithErrors(c.conn.BeginTx(ctx, options))
}

type translatingTx struct {
	translating
	untranslated
}

// untranslated holds a transaction one level down, so that the methods of translating come first.
type untranslated struct{ pgx.Tx }

func (t translatingTx) Begin(ctx context.Context) (pgx.Tx, error) {
	return beginWithErrors(t.Tx.Begin(ctx))
}

func beginWithErrors(tx pgx.Tx, err error) (pgx.Tx, error) {
	if err != nil {
		return nil, TranslateError(err)
	}
	return TxWithErrors(tx), nil
}

// translating is what a connection and a transaction have in common.
type translating struct {
	querier interface {
		DBTX
		CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
		SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	}
}

func (t translating) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := t.querier.Exec(ctx, sql, args...)
	return tag, TranslateError(err)
}

func (t translating) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := t.querier.Query(ctx, sql, args...)
	return translatingRows{rows}, TranslateError(err)
}

func (t translating) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return translatingRow{t.querier.QueryRow(ctx, sql, args...)}
}

func (t translating) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	n, err := t.querier.CopyFrom(ctx, table, columns, rows)
	return n, TranslateError(err)
}

func (t translating) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return translatingBatch{t.querier.SendBatch(ctx, batch)}
}

type translatingRows struct{ pgx.Rows }

func (r translatingRows) Err() error { return TranslateError(r.Rows.Err()) }

func (r translatingRows) Scan(dest ...any) error { return TranslateError(r.Rows.Scan(dest...)) }

type translatingRow struct{ row pgx.Row }

func (r translatingRow) Scan(dest ...any) error { return TranslateError(r.row.Scan(dest...)) }

type translatingBatch struct{ pgx.BatchResults }

func (b translatingBatch) Exec() (pgconn.CommandTag, error) {
	tag, err := b.BatchResults.Exec()
	return tag, TranslateError(err)
}

func (b translatingBatch) Query() (pgx.Rows, error) {
	rows, err := b.BatchResults.Query()
	return translatingRows{rows}, TranslateError(err)
}

func (b translatingBatch) QueryRow() pgx.Row { return translatingRow{b.BatchResults.QueryRow()} }

func (b translatingBatch) Close() error { return TranslateError(b.BatchResults.Close()) }
