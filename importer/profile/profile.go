// Package profile gathers what the cells of a column show: how many are filled, how many values there
// are, what they can be read as. It does no I/O, and its memory is bounded however long the column.
package profile

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/projectrye/rye-import/importer/mapping"
)

const (
	// MaxDistinct is how many distinct values of a column are counted exactly.
	MaxDistinct = 10_000
	// MaxSamples is how many values of a column are kept to be shown.
	MaxSamples = 3
	// maxSample is how many characters of a sample are kept.
	maxSample = 40
	// maskTries is how many values are looked at for samples that look different.
	maskTries = 200
)

// Column is what a column has shown so far.
type Column struct {
	Name    string
	Filled  int64    // cells that are not blank
	Telling int64    // of these, cells that are no word for no value, as N/A
	Samples []string // the first values, cut to 40 characters; they are the values of people
	Masked  []string // first values that look different, with letters as x and X and digits as 9
	Longest int      // the length of the longest cell in bytes
	Low     float64  // the least number, where there are numbers
	High    float64  // the greatest number, where there are numbers
	Zeros   bool     // some number begins with a nought that is no part of a number, as 007

	values  map[uint64]seen
	ceiling uint64 // hashes above it are not kept
	over    bool
	shapes  [32]int64
	tried   int
	numbers bool

	dual        int64 // cells that are dates in either order
	dualNumbers int64 // cells that are numbers with either decimal mark
}

// seen is what is known of a value.
type seen struct {
	shape mapping.Shape
	times uint32
}

// NewColumn begins with a column.
func NewColumn(name string) *Column {
	return &Column{Name: name, values: make(map[uint64]seen), ceiling: math.MaxUint64}
}

// Hash is the hash by which values are told apart: the same in every run, so that a sample is too.
func Hash(values ...string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, v := range values {
		for i := range len(v) {
			h = (h ^ uint64(v[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211 // which no text holds
	}
	// Spread over all bits, for the lowest hashes are a sample.
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// Add takes the next cell.
func (c *Column) Add(cell string) {
	s := strings.TrimSpace(cell)
	if s == "" {
		return
	}
	c.Filled++
	c.Longest = max(c.Longest, len(s))
	h := Hash(s)
	v, known := c.values[h]
	if !known {
		v.shape = mapping.ShapeOf(s)
		c.sample(s)
		c.number(s, v.shape)
	}
	if h <= c.ceiling {
		if v.times < math.MaxUint32 {
			v.times++
		}
		c.values[h] = v
		if len(c.values) > 2*MaxDistinct {
			c.shrink()
		}
	}
	if v.shape == mapping.ShapeNone {
		return
	}
	c.Telling++
	if v.shape.Has(mapping.ShapeMDY | mapping.ShapeDMY) {
		c.dual++
	}
	if v.shape.Has(mapping.ShapePoint | mapping.ShapeComma) {
		c.dualNumbers++
	}
	for bit := range c.shapes {
		if v.shape&(1<<bit) != 0 {
			c.shapes[bit]++
		}
	}
}

// shrink keeps the values with the lowest hashes: a sample of the values that does not depend on how often
// each stands, and that is the same values in all columns that have them.
func (c *Column) shrink() {
	c.over = true
	hashes := make([]uint64, 0, len(c.values))
	for h := range c.values {
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	c.ceiling = hashes[MaxDistinct-1]
	for _, h := range hashes[MaxDistinct:] {
		delete(c.values, h)
	}
}

func (c *Column) sample(s string) {
	if len(c.Samples) < MaxSamples {
		c.Samples = append(c.Samples, shortened(s))
	}
	if len(c.Masked) < MaxSamples && c.tried < maskTries {
		c.tried++
		if m := Mask(s); !slices.Contains(c.Masked, m) {
			c.Masked = append(c.Masked, m)
		}
	}
}

func (c *Column) number(s string, shape mapping.Shape) {
	if shape&(mapping.ShapePoint|mapping.ShapeWhole) == 0 {
		return
	}
	c.Zeros = c.Zeros || len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9'
	n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
	if err != nil {
		return
	}
	if !c.numbers {
		c.Low, c.High, c.numbers = n, n, true
	}
	c.Low, c.High = min(c.Low, n), max(c.High, n)
}

// Distinct tells how many distinct values there are. Where over is true there are more than the number
// that it gives, which is MaxDistinct.
func (c *Column) Distinct() (n int, over bool) {
	if c.over || len(c.values) > MaxDistinct {
		return MaxDistinct, true
	}
	return len(c.values), false
}

// Repeated tells how many of the values stand more than once, of how many that were looked at: all, or a
// sample of them where they are more than MaxDistinct.
func (c *Column) Repeated() (repeated, of int) {
	for _, v := range c.values {
		if v.times > 1 {
			repeated++
		}
	}
	return repeated, len(c.values)
}

// Count tells how many cells have a shape.
func (c *Column) Count(shape mapping.Shape) int64 {
	return c.shapes[bits.TrailingZeros32(uint32(shape))]
}

// All reports whether there are values and all of them have a shape.
func (c *Column) All(shape mapping.Shape) bool {
	return c.Telling > 0 && c.Count(shape) == c.Telling
}

// Any reports whether any value has a shape.
func (c *Column) Any(shape mapping.Shape) bool { return c.Count(shape) > 0 }

// Within tells how many of the column's values another one has too, of how many that can be compared. For
// columns of up to MaxDistinct values these are all.
func (c *Column) Within(other *Column) (shared, compared int) {
	ceiling := min(c.ceiling, other.ceiling)
	for h, v := range c.values {
		if h > ceiling || v.shape == mapping.ShapeNone {
			continue
		}
		compared++
		if _, ok := other.values[h]; ok {
			shared++
		}
	}
	return shared, compared
}

// Mask hides a value and keeps how it looks: letters become x or X, digits 9, everything else stays. Of a
// long value the beginning is shown.
func Mask(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsUpper(r):
			return 'X'
		case unicode.IsLetter(r), unicode.IsMark(r):
			return 'x'
		case unicode.IsNumber(r):
			return '9'
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r < 0x80, unicode.IsPunct(r), unicode.IsSymbol(r) && r < 0x2200: // a sign of a currency; no picture
			return r
		}
		return '·'
	}, shortened(value))
}

// shortened is the beginning of a value.
func shortened(s string) string {
	n := 0
	for i := range s {
		if n == maxSample {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
