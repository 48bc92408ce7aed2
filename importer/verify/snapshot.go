package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// snapshot is the graph as it was at one moment. Several connections read it, each for one batch at a time.
type snapshot struct {
	source  string
	lookups map[string]bool
	lastRun time.Time // when that of the source ended
	readers []*reader
	free    chan *reader
}

// reader reads the snapshot on one connection.
type reader struct {
	conn      *pgxpool.Conn
	tx        pgx.Tx
	q         *importdb.Queries
	of        *snapshot
	pipelines map[uuid.UUID]*pipeline // those it has read
}

// open opens the snapshot for as many readers as are asked for, or fewer if no more connections can be had.
func open(ctx context.Context, pool *pgxpool.Pool, cfg Config) (_ *snapshot, err error) {
	readers := max(1, min(cfg.Readers, int(pool.Config().MaxConns)))
	s := &snapshot{source: cfg.Source, lookups: make(map[string]bool), free: make(chan *reader, readers)}
	for _, l := range cfg.Lookups {
		s.lookups[l] = true
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	first, err := s.add(ctx, pool)
	if err != nil {
		return nil, err
	}
	hidden, err := first.q.VerifyCountHidden(ctx, cfg.Source)
	if err == nil && hidden > 0 {
		err = &HiddenError{Source: cfg.Source, Hidden: hidden}
	}
	if err == nil {
		s.lastRun, err = first.q.VerifyGetLastRun(ctx, cfg.Source)
	}
	if err != nil {
		return nil, fmt.Errorf("looking at what this session sees: %w", err)
	}
	if readers > 1 {
		id, err := first.q.VerifyExportSnapshot(ctx)
		if err != nil {
			return nil, fmt.Errorf("sharing what is read: %w", err)
		}
		for len(s.readers) < readers {
			if err := s.join(ctx, pool, id); err != nil {
				if ctx.Err() != nil {
					return nil, err
				}
				break
			}
		}
	}
	for _, r := range s.readers {
		s.free <- r
	}
	return s, nil
}

// add begins to read on one more connection.
func (s *snapshot) add(ctx context.Context, pool *pgxpool.Pool) (*reader, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		conn.Release()
		return nil, fmt.Errorf("beginning to read: %w", err)
	}
	r := &reader{conn: conn, tx: tx, q: importdb.New(tx), of: s, pipelines: make(map[uuid.UUID]*pipeline)}
	s.readers = append(s.readers, r)
	return r, nil
}

// join begins to read what another transaction reads.
func (s *snapshot) join(ctx context.Context, pool *pgxpool.Pool, id string) error {
	r, err := s.add(ctx, pool)
	if err != nil {
		return err
	}
	// It has to come before any query, and takes no parameters: pgx quotes the id.
	if _, err := r.tx.Exec(ctx, "SET TRANSACTION SNAPSHOT $1", pgx.QueryExecModeSimpleProtocol, id); err != nil {
		s.readers = s.readers[:len(s.readers)-1]
		return errors.Join(err, r.close(ctx))
	}
	return nil
}

// read reads on a connection that is free.
func (s *snapshot) read(ctx context.Context, read func(*reader) error) error {
	select {
	case r := <-s.free:
		defer func() { s.free <- r }()
		return read(r)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the reading. Nothing may be under way.
func (s *snapshot) close(ctx context.Context) error {
	var err error
	for _, r := range s.readers {
		err = errors.Join(err, r.close(ctx))
	}
	return err
}

func (d *reader) close(ctx context.Context) error {
	defer d.conn.Release()
	if err := d.tx.Rollback(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("ending the reading: %w", err)
	}
	return nil
}
