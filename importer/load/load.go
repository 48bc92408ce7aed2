// Package load writes mapped records into the graph: batches are copied into staging by concurrent
// callers, and one transaction merges them. It is the only package that knows the generated
// queries; what it takes and gives are values of graph and its own.
package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// Config says what is run.
type Config struct {
	Source     string
	CRM        string
	Command    string            // the command of the user, for the journal
	Mapping    string            // version of the mapping
	Objects    []string          // every object that a record or a reference may belong to
	Lookups    []string          // virtual objects: a reference of one holds a name, not an id
	Derived    map[string]Derive // by lookup: what becomes of names that fit no record; none makes them wait
	Repeated   map[string]bool   // objects whose records may stand several times: if true the first counts, else they must be the same
	KeyColumns map[string]string // the column that holds the id, by object
	IDType     string            // source_id_type of the crosswalk
	Full       bool              // whether the export claims to hold every record
	StartedAt  time.Time
	WorkMemory string      // of the merge; default 256MB
	Plan       bool        // whether everything is taken back at the end
	Expected   Fingerprint // of the graph; nil for any
	Logger     *slog.Logger

	undoes *int32 // the run that this one takes back
}

// Derive says which record a reference by name makes where it finds none: its id is the name. Lookups
// that make records of the same object say the same.
type Derive struct {
	Object     string
	NodeType   string
	CodePrefix string // empty if the type carries no code
}

// Run is one execution of an import, from the lock of its source to the end of its journal.
type Run struct {
	ID     uuid.UUID
	Number int32
	Known  bool // whether the source has been imported before
	// Postponed is whether the merge has left indexes of the graph to Restore.
	Postponed bool

	cfg     Config
	pool    *pgxpool.Pool
	db      session
	plan    *planned      // db, if this is a plan
	lock    *pgxpool.Conn // holds the advisory lock of the source
	objects map[string]int32
	lookups map[string]int32

	copied  atomic.Int64 // records copied into staging
	changed atomic.Int64 // of these, with content
	named   atomic.Bool  // whether a reference by name was copied
	loose   atomic.Bool  // whether a reference to any object was

	returned atomic.Bool // whether a row of a reject file was

	unchanged unchanged
	kept      map[string]int64 // objects of which no record is staged, for all are as they were, and how many these are
	encoders  sync.Pool        // of *encoder: as many as there are workers
	ahead     *ahead           // nil if nothing is read ahead
}

// Begin takes the lock of the source and opens the journal. It mends what a crashed run of the
// source has left behind. A plan does the same and all that follows, in one transaction on one connection, and
// takes it back: no row, number of a sequence or code is used up, whatever becomes of it. Errors: ErrSourceLocked, *HiddenNodesError, *GraphChangedError, and those of the database.
func Begin(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Run, error) {
	if cfg.WorkMemory == "" {
		cfg.WorkMemory = "256MB"
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	r := &Run{ID: newID(), cfg: cfg, pool: pool, db: pooled{pool}, lock: conn, objects: make(map[string]int32), lookups: make(map[string]int32)}
	if err := r.begin(ctx); err != nil {
		r.unlock()
		return nil, explain(err)
	}
	return r, nil
}

func (r *Run) begin(ctx context.Context) error {
	q := importdb.New(r.lock)
	locked, err := q.SessionTrySourceLock(ctx, r.cfg.Source)
	if err != nil {
		return fmt.Errorf("locking source %q: %w", r.cfg.Source, err)
	}
	if !locked {
		return fmt.Errorf("source %q: %w", r.cfg.Source, ErrSourceLocked)
	}
	if err := q.SessionStay(ctx); err != nil {
		return fmt.Errorf("locking source %q: %w", r.cfg.Source, err)
	}
	if r.cfg.Plan {
		// From here on, the session of the lock is in the plan's transaction.
		if r.plan, err = newPlanned(ctx, r.lock); err != nil {
			return err
		}
		r.db = r.plan
	}
	crashed, err := q.RunMarkCrashed(ctx, r.cfg.Source)
	if err != nil {
		return fmt.Errorf("looking for crashed runs of %q: %w", r.cfg.Source, err)
	}
	ended, err := q.CodeBlockListEnded(ctx, r.cfg.Source)
	if err != nil {
		return fmt.Errorf("looking for crashed runs of %q: %w", r.cfg.Source, err)
	}
	crashed = append(crashed, ended...)
	if len(crashed) > 0 && r.plan != nil {
		r.plan.crashed = crashed
	} else if len(crashed) > 0 {
		r.cfg.Logger.Info("cleaning up after a crashed run", "runs", len(crashed))
		if err := r.release(ctx, crashed); err != nil {
			return err
		}
	}
	if r.plan == nil {
		if err := r.heal(ctx); err != nil {
			return err
		}
	}
	if err := r.cfg.Expected.expect(ctx, q); err != nil {
		return err
	}
	if err := r.checkSight(ctx, q); err != nil {
		return err
	}
	if r.Known, err = q.RecordExists(ctx, r.cfg.Source); err != nil {
		return fmt.Errorf("looking for earlier runs of %q: %w", r.cfg.Source, err)
	}
	names := slices.Concat(r.cfg.Objects, r.cfg.Lookups)
	for lookup, d := range r.cfg.Derived {
		names = append(names, lookup, d.Object)
	}
	if err := q.ObjectEnsureMany(ctx, importdb.ObjectEnsureManyParams{Source: r.cfg.Source, Objects: names}); err != nil {
		return fmt.Errorf("numbering the objects of %q: %w", r.cfg.Source, err)
	}
	objects, err := q.ObjectList(ctx, r.cfg.Source)
	if err != nil {
		return fmt.Errorf("numbering the objects of %q: %w", r.cfg.Source, err)
	}
	for _, o := range objects {
		r.objects[o.Object] = o.ObjectNo
	}
	for _, name := range r.cfg.Lookups {
		r.lookups[name] = r.objects[name]
	}
	for name := range r.cfg.Derived {
		r.lookups[name] = r.objects[name]
	}
	r.Number, err = q.RunInsert(ctx, importdb.RunInsertParams{
		RunID: r.ID, Source: r.cfg.Source, CRM: r.cfg.CRM, Command: r.cfg.Command,
		FullExport: r.cfg.Full, Mapping: r.cfg.Mapping, StartedAt: r.cfg.StartedAt, Undoes: r.cfg.undoes,
	})
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	return nil
}

// checkSight refuses a session that does not see every node that the crosswalk names.
func (r *Run) checkSight(ctx context.Context, q *importdb.Queries) error {
	info, err := q.SessionInfo(ctx)
	if err != nil {
		return fmt.Errorf("asking who the session is: %w", err)
	}
	if !info.RowSecurity {
		return nil
	}
	r.cfg.Logger.Info("row-level security applies to this role; the run takes the slower way", "role", info.RoleName)
	hidden, err := q.NodeCountHidden(ctx, r.cfg.Source)
	if err != nil {
		return fmt.Errorf("checking that every node is seen: %w", err)
	}
	if hidden > 0 {
		return &HiddenNodesError{Source: r.cfg.Source, Hidden: hidden, Role: info.RoleName, AppRole: info.AppRole}
	}
	return nil
}

// File is a file that the run reads.
type File struct {
	Path, Object, Format, Encoding, SHA256 string
	Bytes                                  int64
}

// AddFile notes a file in the journal and gives the number that its records carry.
func (r *Run) AddFile(ctx context.Context, f File) (int32, error) {
	no, err := importdb.New(r.lock).FileInsert(ctx, importdb.FileInsertParams{
		RunNo: r.Number, Path: f.Path, Object: f.Object, Format: f.Format, Encoding: f.Encoding, SHA256: f.SHA256, Bytes: f.Bytes,
	})
	if err != nil {
		return 0, explain(fmt.Errorf("noting file %s: %w", f.Path, err))
	}
	return no, nil
}

// End closes the journal of a run that has not committed: status says how it ended. What it had
// staged goes, and the code numbers that it held are free again. A cancelled context is no reason
// to leave things behind; cleaning up has a time limit of its own.
func (r *Run) End(ctx context.Context, status string, cause error, summary json.RawMessage) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	defer r.unlock()
	if r.plan != nil {
		return nil
	}
	var uncertain *UncertainError
	if errors.As(cause, &uncertain) {
		return nil // the next run sees what is the case
	}
	q := importdb.New(r.pool)
	message := cause.Error()
	now := time.Now()
	err := q.RunFinish(ctx, importdb.RunFinishParams{
		RunNo: r.Number, Status: status, FinishedAt: &now, Error: &message, Summary: summary,
	})
	if err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	runs := []int32{r.Number}
	if !hasState(cause, stateDiskFull) {
		return r.release(ctx, runs)
	}
	// To truncate is to make new files first. If the disk has no room for one of them, and the server breaks down
	// before it has logged that it took them back, its recovery stops at what is left of an unlogged table.
	if err := r.freeCodes(ctx, runs); err != nil {
		return err
	}
	return r.deleteStaging(ctx, runs)
}

// Close ends a run that has committed: staging is emptied and the source is unlocked.
func (r *Run) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	defer r.unlock()
	if r.plan != nil {
		return nil
	}
	return r.clearStaging(ctx, []int32{r.Number})
}

// release takes back everything that runs without an end hold: rows in staging and code numbers.
func (r *Run) release(ctx context.Context, runs []int32) error {
	if err := r.freeCodes(ctx, runs); err != nil {
		return err
	}
	return r.clearStaging(ctx, runs)
}

// freeCodes gives the code numbers back that runs hold.
func (r *Run) freeCodes(ctx context.Context, runs []int32) error {
	q := importdb.New(r.pool)
	for _, run := range runs {
		if err := q.CodeBlockAwait(ctx, run); err != nil {
			return fmt.Errorf("releasing code numbers: %w", err)
		}
	}
	if _, err := q.CodeBlockRelease(ctx, runs); err != nil {
		return fmt.Errorf("releasing code numbers: %w", err)
	}
	for {
		rewound, err := q.CodeBlockRewind(ctx)
		if err != nil {
			return fmt.Errorf("giving code numbers back: %w", err)
		}
		if rewound == 0 {
			return nil
		}
	}
}

// clearStaging takes the rows of runs out of staging; all rows at once, which is faster, if no other
// run is under way.
func (r *Run) clearStaging(ctx context.Context, runs []int32) error {
	q := importdb.New(r.pool)
	others, err := q.RunCountOthers(ctx, r.Number)
	if err != nil {
		return fmt.Errorf("looking for other runs: %w", err)
	}
	if others == 0 {
		done, err := r.truncateStaging(ctx)
		if done {
			return nil
		}
		if err != nil && !hasState(err, stateInsufficientPrivilege, stateLockNotAvailable) {
			return fmt.Errorf("emptying staging: %w", err)
		}
	}
	return r.deleteStaging(ctx, runs)
}

// deleteStaging takes the rows of runs out of staging.
func (r *Run) deleteStaging(ctx context.Context, runs []int32) error {
	if err := importdb.New(r.pool).StagingDeleteRuns(ctx, runs); err != nil {
		return fmt.Errorf("emptying staging: %w", err)
	}
	return nil
}

// truncateStaging empties staging at once, and reports whether it did: not if another run has begun
// meanwhile, whose rows would go too.
func (r *Run) truncateStaging(ctx context.Context) (bool, error) {
	tx, err := r.pool.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // a rollback after the commit does nothing
	q := importdb.New(tx)
	if err := q.StagingSetLockTimeout(ctx); err != nil {
		return false, err
	}
	if err := q.StagingTruncate(ctx); err != nil {
		return false, err
	}
	// Now nobody can copy before this ends, and who has copied has said before that it runs.
	others, err := q.RunCountOthers(ctx, r.Number)
	if err != nil || others > 0 {
		return false, err
	}
	return true, tx.Commit(ctx)
}

// unlock gives the source free. It is unlocked at once, for the server ends a session some time
// after the client has left it; and the session is ended too, for a connection that went back into
// the pool after a failed unlock would keep the lock.
func (r *Run) unlock() {
	if r.lock == nil {
		return
	}
	r.unchanged.wait()
	r.ahead.release()
	conn := r.lock.Hijack()
	r.lock = nil
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if r.plan != nil {
		r.plan.discard(ctx)
	}
	if _, err := importdb.New(conn).SessionSourceUnlock(ctx, r.cfg.Source); err != nil {
		r.cfg.Logger.Debug("unlocking the source", "err", err)
	}
	if err := conn.Close(ctx); err != nil {
		r.cfg.Logger.Debug("closing the session of the lock", "err", err)
	}
}

// newID makes an id whose first bits are the time, so that rows which are made together lie together
// in the indexes.
func newID() uuid.UUID {
	return uuid.Must(uuid.NewV7())
}
