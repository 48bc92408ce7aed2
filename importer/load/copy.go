package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// copyRows are rows of one table in the binary format of COPY, each value written behind the one before into one
// buffer. The copying of the library encodes each value by looking for
// a way to do so, with ten allocations a row and more; that was half of what a run took of the processor.
//
// A row is begun by row, and then has a value for each column, in their order and of their types.
type copyRows struct {
	table   pgx.Identifier
	columns []string
	sql     string
	buf     []byte
}

func newCopyRows(table string, columns ...string) copyRows {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	name := pgx.Identifier{"rye_import", table}
	return copyRows{
		table: name, columns: columns, sql: fmt.Sprintf("COPY %s (%s) FROM STDIN BINARY", name.Sanitize(), strings.Join(quoted, ", ")),
	}
}

// copyHeader is what the data begin with: the signature, no flags, and no more of a header.
const copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// reset takes all rows away, and keeps the room that they had.
func (c *copyRows) reset() { c.buf = append(c.buf[:0], copyHeader...) }

func (c *copyRows) empty() bool { return len(c.buf) <= len(copyHeader) }

// copier sends rows on a connection, and tells whoever traces it, as the library does.
type copier struct {
	conn   *pgx.Conn
	tracer pgx.CopyFromTracer
}

func newCopier(conn *pgx.Conn) *copier {
	tracer, _ := conn.Config().Tracer.(pgx.CopyFromTracer)
	return &copier{conn: conn, tracer: tracer}
}

func (c *copier) copy(ctx context.Context, rows *copyRows) error {
	if c.tracer != nil {
		ctx = c.tracer.TraceCopyFromStart(ctx, c.conn, pgx.TraceCopyFromStartData{TableName: rows.table, ColumnNames: rows.columns})
	}
	rows.buf = binary.BigEndian.AppendUint16(rows.buf, math.MaxUint16) // no row follows
	tag, err := c.conn.PgConn().CopyFrom(ctx, bytes.NewReader(rows.buf), rows.sql)
	if c.tracer != nil {
		c.tracer.TraceCopyFromEnd(ctx, c.conn, pgx.TraceCopyFromEndData{CommandTag: tag, Err: err})
	}
	return err
}

func (c *copyRows) row() { c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(len(c.columns))) }

func (c *copyRows) size(bytes int) { c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(bytes)) }

func (c *copyRows) null() { c.size(-1) }

func (c *copyRows) int2(n int16) {
	c.size(2)
	c.buf = binary.BigEndian.AppendUint16(c.buf, uint16(n))
}

func (c *copyRows) int4(n int32) {
	c.size(4)
	c.buf = binary.BigEndian.AppendUint32(c.buf, uint32(n))
}

// number is an int4 of which 0 is null.
func (c *copyRows) number(n int32) {
	if n == 0 {
		c.null()
		return
	}
	c.int4(n)
}

func (c *copyRows) int8(n int64) {
	c.size(8)
	c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(n))
}

// float8 is null if n is nil.
func (c *copyRows) float8(n *float64) {
	if n == nil {
		c.null()
		return
	}
	c.size(8)
	c.buf = binary.BigEndian.AppendUint64(c.buf, math.Float64bits(*n))
}

func (c *copyRows) bool(v bool) {
	c.size(1)
	if v {
		c.buf = append(c.buf, 1)
	} else {
		c.buf = append(c.buf, 0)
	}
}

// optionalBool is null if v is nil.
func (c *copyRows) optionalBool(v *bool) {
	if v == nil {
		c.null()
		return
	}
	c.bool(*v)
}

func (c *copyRows) text(s string) {
	c.size(len(s))
	c.buf = append(c.buf, s...)
}

// optional is a text of which an empty one is null.
func (c *copyRows) optional(s string) {
	if s == "" {
		c.null()
		return
	}
	c.text(s)
}

// texts is a text[], which is null if list is nil.
func (c *copyRows) texts(list []string) {
	if list == nil {
		c.null()
		return
	}
	size := 20
	for _, s := range list {
		size += 4 + len(s)
	}
	c.size(size)
	// One dimension, no nulls, the type, so many, the first of which has the number 1.
	for _, n := range [...]uint32{1, 0, pgtype.TextOID, uint32(len(list)), 1} {
		c.buf = binary.BigEndian.AppendUint32(c.buf, n)
	}
	for _, s := range list {
		c.text(s)
	}
}

func (c *copyRows) uuid(id [16]byte) {
	c.size(len(id))
	c.buf = append(c.buf, id[:]...)
}

// jsonb is null if text is nil.
func (c *copyRows) jsonb(text []byte) {
	const version = 1
	if text == nil {
		c.null()
		return
	}
	c.size(1 + len(text))
	c.buf = append(append(c.buf, version), text...)
}

// epoch is when the server's count of microseconds begins, in microseconds of Unix.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// time is a timestamptz, of which the zero time is null.
func (c *copyRows) time(t time.Time) {
	if t.IsZero() {
		c.null()
		return
	}
	c.int8(t.UnixMicro() - epoch)
}

var errNoDecimal = errors.New("an amount is no decimal number")

func (c *copyRows) numeric(decimal string) error {
	var n pgtype.Numeric
	if err := n.Scan(decimal); err != nil {
		return errNoDecimal // and not the library's, which shows the value
	}
	at := len(c.buf)
	c.size(0)
	plan := pgtype.NumericCodec{}.PlanEncode(nil, pgtype.NumericOID, pgtype.BinaryFormatCode, n)
	buf, err := plan.Encode(n, c.buf)
	if err != nil {
		return err
	}
	c.buf = buf
	binary.BigEndian.PutUint32(c.buf[at:], uint32(len(c.buf)-at-4))
	return nil
}
