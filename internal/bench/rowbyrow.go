package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	linkRecord = "SELECT rye.link_record('salesforce', $1, $2, $3, $4, $5, 'salesforce')"
	insertEdge = "INSERT INTO rye.edges (edge_type, source_id, target_id, effective_from) VALUES ('employs', $1, $2, $3)"
	insertFact = "SELECT rye.supersede_assertion(NULL, 'contact_info', $1, NULL, $2)"

	// rowsPerCommit is kinder than most: a loader that commits each record waits for the disk each time.
	rowsPerCommit = 1000
)

// rowByRow loads a sample of the contacts, and the accounts that they work for, as a program does that
// calls the functions of the core for each record. The time is extrapolated to all records of the export, as
// if each were such a record.
func (b *bench) rowByRow(ctx context.Context) (sample, error) {
	l := &rowLoader{ids: make(map[string]string)}
	m, err := b.onClone(ctx, scratch, pristine, own(func() error {
		return b.server.with(ctx, scratch, func(conn *pgx.Conn) error { return l.load(ctx, conn, b.export("export"), b.sample) })
	}))
	if err != nil {
		return m, err
	}
	factor := float64(b.read) / float64(l.records)
	m.Wall, m.ImporterCPU, m.ServerCPU, m.WAL = m.Wall*factor, m.ImporterCPU*factor, m.ServerCPU*factor, int64(float64(m.WAL)*factor)
	m.Records, m.Estimated = b.read, true
	return m, nil
}

type rowLoader struct {
	ids     map[string]string // nodes by id of the record
	records int
	tx      pgx.Tx
}

func (l *rowLoader) load(ctx context.Context, conn *pgx.Conn, dir string, contacts int) (err error) {
	if l.tx, err = conn.Begin(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.tx.Commit(ctx)) }()
	accounts := make(map[string][]string)
	var accountHeader []string
	err = readCSV(filepath.Join(dir, "Account.csv"), func(header, row []string) (bool, error) {
		accountHeader = header
		accounts[row[0]] = row
		return true, nil
	})
	if err != nil {
		return err
	}
	return readCSV(filepath.Join(dir, "Contact.csv"), func(header, row []string) (bool, error) {
		cells := cellsOf(header, row)
		account := cells["AccountId"]
		org, ok := l.ids[account]
		if !ok {
			c := cellsOf(accountHeader, accounts[account])
			if org, err = l.link(ctx, conn, "Account", account, "org", c["Name"], c); err != nil {
				return false, err
			}
			l.ids[account] = org
		}
		person, err := l.link(ctx, conn, "Contact", cells["Id"], "person", cells["FirstName"]+" "+cells["LastName"], cells)
		if err != nil {
			return false, err
		}
		if _, err := l.tx.Exec(ctx, insertEdge, org, person, cells["CreatedDate"]+"Z"); err != nil {
			return false, err
		}
		claim, err := json.Marshal(map[string]string{"email": cells["Email"], "phone": cells["Phone"]})
		if err != nil {
			return false, err
		}
		if _, err := l.tx.Exec(ctx, insertFact, person, claim); err != nil {
			return false, err
		}
		contacts--
		return contacts > 0, nil
	})
}

// link makes the node of a record.
func (l *rowLoader) link(ctx context.Context, conn *pgx.Conn, object, id, nodeType, label string, cells map[string]string) (node string, err error) {
	if l.records++; l.records%rowsPerCommit == 0 {
		if err := l.tx.Commit(ctx); err != nil {
			return "", err
		}
		if l.tx, err = conn.Begin(ctx); err != nil {
			return "", err
		}
	}
	properties, err := json.Marshal(cells)
	if err != nil {
		return "", err
	}
	if err := l.tx.QueryRow(ctx, linkRecord, object, id, nodeType, label, properties).Scan(&node); err != nil {
		return "", fmt.Errorf("%s %s: %w", object, id, err)
	}
	return node, nil
}

// cellsOf names the cells of a row that are not blank.
func cellsOf(header, row []string) map[string]string {
	cells := make(map[string]string, len(row))
	for i, cell := range row {
		if cell != "" && !strings.HasPrefix(cell, "00000000000") {
			cells[header[i]] = cell
		}
	}
	return cells
}

// readCSV hands out rows until it is told to stop.
func readCSV(path string, each func(header, row []string) (more bool, err error)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	r := csv.NewReader(file)
	header, err := r.Read()
	if err != nil {
		return err
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if more, err := each(header, row); err != nil || !more {
			return err
		}
	}
}
