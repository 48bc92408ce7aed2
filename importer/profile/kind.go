package profile

import (
	"fmt"

	"github.com/projectrye/rye-import/importer/mapping"
)

// Kind is what the values of a column are.
type Kind string

// The kinds of values. The words are those that mappings use where mappings have one.
const (
	KindEmpty    Kind = "empty"
	KindBool     Kind = "bool"
	KindNumber   Kind = "number"
	KindMoney    Kind = "money"
	KindPercent  Kind = "percent"
	KindDate     Kind = "date"
	KindTime     Kind = "time"
	KindUnix     Kind = "unix"
	KindDuration Kind = "duration"
	KindEmail    Kind = "email"
	KindPhone    Kind = "phone"
	KindURL      Kind = "url"
	KindCurrency Kind = "currency"
	KindGUID     Kind = "guid"
	KindJSON     Kind = "json"
	KindHTML     Kind = "html"
	KindText     Kind = "text"
)

// Guess is what a column seems to be.
type Guess struct {
	Kind    Kind
	Misfits int64               // cells that are none; mappings would reject their records, or take them as text
	Order   mapping.DateOrder   // of dates, where cells decide it
	Decimal mapping.DecimalMark // of numbers, where cells decide it
	Open    bool                // order or decimal matters and no cell decides it
	Mixed   bool                // some cells say the one and some the other
	Zoned   bool                // all times state their zone
}

// Most of the cells, in percent, have to be of a kind for the column to be.
const most = 90

// Guess tells what the column seems to be.
func (c *Column) Guess() Guess {
	if c.Telling == 0 {
		return Guess{Kind: KindEmpty}
	}
	fits := func(shape mapping.Shape) (int64, bool) {
		n := c.Count(shape)
		return c.Telling - n, n*100 >= c.Telling*most
	}
	for _, t := range []struct {
		kind  Kind
		shape mapping.Shape
	}{
		{KindGUID, mapping.ShapeGUID}, {KindJSON, mapping.ShapeJSON}, {KindEmail, mapping.ShapeEmail}, {KindBool, mapping.ShapeBool},
	} {
		if t.kind == KindBool && (c.onlyOne() || c.All(mapping.ShapeWhole) && !c.All(mapping.ShapeBool)) {
			continue // numbers, of which most are 0 or 1
		}
		if misfits, ok := fits(t.shape); ok {
			return Guess{Kind: t.kind, Misfits: misfits}
		}
	}
	if g, ok := c.dates(); ok {
		return g
	}
	if g, ok := c.moneyOrNumber(); ok {
		return g
	}
	for _, t := range []struct {
		kind  Kind
		shape mapping.Shape
	}{
		{KindDuration, mapping.ShapeDuration}, {KindPhone, mapping.ShapePhone}, {KindURL, mapping.ShapeURL}, {KindCurrency, mapping.ShapeCurrency},
	} {
		if misfits, ok := fits(t.shape); ok {
			return Guess{Kind: t.kind, Misfits: misfits}
		}
	}
	if c.Count(mapping.ShapeHTML)*2 > c.Telling {
		return Guess{Kind: KindHTML}
	}
	return Guess{Kind: KindText}
}

// onlyOne reports whether all values are numbers of one digit but not both 0 and 1: places in a list
// rather than yes and no.
func (c *Column) onlyOne() bool {
	return c.All(mapping.ShapeWhole) && len(c.values) < 2
}

// dates tells whether the column has dates, and in which order.
func (c *Column) dates() (Guess, bool) {
	mdy, dmy := c.Count(mapping.ShapeMDY), c.Count(mapping.ShapeDMY)
	either := max(mdy, dmy)
	// Where the order differs from row to row, neither has all.
	if c.All(mapping.ShapeUnix) {
		return Guess{Kind: KindUnix}, true
	}
	if (mdy+dmy-c.dual)*100 < c.Telling*most {
		return Guess{}, false
	}
	g := Guess{Kind: KindDate, Misfits: c.Telling - either}
	if c.Any(mapping.ShapeClock) {
		g.Kind, g.Zoned = KindTime, c.Count(mapping.ShapeZone) == c.Count(mapping.ShapeClock)
	}
	switch {
	case mdy > c.dual && dmy > c.dual:
		g.Mixed = true
	case mdy > c.dual:
		g.Order = mapping.DateOrderMDY
	case dmy > c.dual:
		g.Order = mapping.DateOrderDMY
	case c.Any(mapping.ShapeOrder):
		g.Open = true
	}
	return g, true
}

// moneyOrNumber tells whether the column has amounts or numbers, and with which decimal mark.
func (c *Column) moneyOrNumber() (Guess, bool) {
	point, comma := c.Count(mapping.ShapePoint), c.Count(mapping.ShapeComma)
	either := point + comma - c.dualNumbers
	if either*100 < c.Telling*most {
		return Guess{}, false
	}
	g := Guess{Kind: KindNumber, Misfits: c.Telling - max(point, comma)}
	switch {
	case c.Any(mapping.ShapeMoney):
		g.Kind = KindMoney
	case c.Any(mapping.ShapePercent):
		g.Kind = KindPercent
		if c.Count(mapping.ShapePercent) < c.Telling {
			g.Misfits = max(g.Misfits, c.Telling-c.Count(mapping.ShapePercent))
		}
	}
	switch {
	case point > c.dualNumbers && comma > c.dualNumbers:
		g.Mixed = true
	case point > c.dualNumbers:
		g.Decimal = mapping.DecimalPoint
	case comma > c.dualNumbers:
		g.Decimal = mapping.DecimalComma
	case c.Any(mapping.ShapeOpen):
		g.Open = true
	}
	return g, true
}

// Format says in words how the values are written, where there is something to say.
func (g Guess) Format() string {
	switch {
	case g.Open && (g.Kind == KindDate || g.Kind == KindTime):
		return "day and month in either order"
	case g.Mixed && (g.Kind == KindDate || g.Kind == KindTime):
		return "day and month in both orders"
	case g.Open:
		return "decimal point or comma"
	case g.Mixed:
		return "decimal point and comma"
	}
	words := ""
	switch {
	case g.Order != "":
		words = string(g.Order)
	case g.Decimal != "":
		words = "decimal " + string(g.Decimal)
	}
	if g.Kind == KindTime {
		zone := "without zone"
		if g.Zoned {
			zone = "with zone"
		}
		if words != "" {
			return fmt.Sprintf("%s, %s", words, zone)
		}
		return zone
	}
	return words
}
