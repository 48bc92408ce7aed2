package exportgen

import (
	"strconv"
	"strings"
)

// nullID is what a weekly export writes for a null lookup of a standard field.
const nullID = "000000000000000AAA"

// row collects the cells of one line.
type row struct {
	buf   []byte
	cells int
}

func (r *row) reset() {
	r.buf = r.buf[:0]
	r.cells = 0
}

// end completes the line and returns it; it is valid until the next reset.
func (r *row) end() []byte {
	r.buf = append(r.buf, '\n')
	return r.buf
}

func (r *row) open() {
	if r.cells > 0 {
		r.buf = append(r.buf, ',')
	}
	r.cells++
	r.buf = append(r.buf, '"')
}

func (r *row) shut() { r.buf = append(r.buf, '"') }

// part appends text to the open cell, doubling quotes.
func (r *row) part(text string) {
	for {
		i := strings.IndexByte(text, '"')
		if i < 0 {
			r.buf = append(r.buf, text...)
			return
		}
		r.buf = append(r.buf, text[:i+1]...)
		r.buf = append(r.buf, '"')
		text = text[i+1:]
	}
}

// text writes a cell of the parts joined.
func (r *row) text(parts ...string) {
	r.open()
	for _, part := range parts {
		r.part(part)
	}
	r.shut()
}

func (r *row) blank() { r.text() }

func (r *row) null() { r.text(nullID) }

func (r *row) flag(set bool) {
	if set {
		r.text("1")
		return
	}
	r.text("0")
}

func (r *row) number(n int) {
	r.open()
	r.buf = strconv.AppendInt(r.buf, int64(n), 10)
	r.shut()
}

// money writes an amount of minor units without needless zeros: 125000, 84950.5, 99.99.
func (r *row) money(minor int64, decimals int) {
	if minor < 0 {
		r.blank()
		return
	}
	r.open()
	r.buf = appendMoney(r.buf, minor, decimals)
	r.shut()
}

func appendMoney(buf []byte, minor int64, decimals int) []byte {
	if decimals == 0 {
		return strconv.AppendInt(buf, minor, 10)
	}
	buf = strconv.AppendInt(buf, minor/100, 10)
	cents := minor % 100
	if cents == 0 {
		return buf
	}
	buf = append(buf, '.', byte('0'+cents/10))
	if cents%10 != 0 {
		buf = append(buf, byte('0'+cents%10))
	}
	return buf
}

// time writes seconds since 1970 as 2023-02-07 20:47:49.
func (r *row) time(at int64) {
	r.open()
	r.buf = appendTime(r.buf, at)
	r.shut()
}

// date writes the day of at the way that a weekly export writes dates: at midnight.
func (r *row) date(at int64) { r.time(at - at%day) }

// appendTime is time.AppendFormat for one layout in UTC and takes a quarter of its time, which a
// row needs four times. The calendar arithmetic counts eras of 400 years from March.
func appendTime(buf []byte, at int64) []byte {
	days, secs := at/day, at%day
	days += 719468
	era := days / 146097
	dayOfEra := days % 146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*dayOfYear + 2) / 153
	dayOfMonth := dayOfYear - (153*shifted+2)/5 + 1
	month, year := shifted+3, yearOfEra+era*400
	if month > 12 {
		month -= 12
		year++
	}

	buf = appendTwo(buf, year/100)
	buf = appendTwo(buf, year%100)
	buf = append(buf, '-')
	buf = appendTwo(buf, month)
	buf = append(buf, '-')
	buf = appendTwo(buf, dayOfMonth)
	buf = append(buf, ' ')
	buf = appendTwo(buf, secs/3600)
	buf = append(buf, ':')
	buf = appendTwo(buf, secs/60%60)
	buf = append(buf, ':')
	return appendTwo(buf, secs%60)
}

func appendTwo(buf []byte, n int64) []byte {
	return append(buf, byte('0'+n/10), byte('0'+n%10))
}

// base10 appends a number to the open cell.
func (r *row) base10(n int) { r.buf = strconv.AppendInt(r.buf, int64(n), 10) }
