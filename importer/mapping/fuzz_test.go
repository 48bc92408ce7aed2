package mapping

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

func FuzzID(f *testing.F) {
	for _, s := range []string{
		"", "0", "0015g00000KeLp1", "0015g00000KeLp1AAF", "0015G00000KELP1", "0015g00000KeLp12", "000000000000000AAA", "001000000000001é",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		idA, idB := FormSalesforce.normalID(a), FormSalesforce.normalID(b)
		require.Equal(t, idA, FormSalesforce.normalID(idA), "it is normal already")
		require.True(t, strings.HasPrefix(idA, a))
		require.Equal(t, a, FormText.normalID(a))
		if len(a) == 15 && isAlphanumeric(a) {
			require.Len(t, idA, 18)
			// Ids that differ in case only differ in their suffix, which no change of case can undo.
			if a != b && strings.EqualFold(a, b) {
				require.NotEqual(t, strings.ToUpper(idA), strings.ToUpper(idB))
			}
		} else {
			require.Equal(t, a, idA)
		}
		if len(a) == len(b) && a != b {
			require.NotEqual(t, idA, idB)
		}
	})
}

func addTimes(f *testing.F) {
	for _, s := range []string{
		"", "2023-02-07 20:47:49", "2022-01-10T13:49:58.000Z", "2022-01-10T13:49:58.000+0000", "2022-01-10T13:49:58.123456789-03:00", "2022-01-10T13:49:58Z-0300",
		"2022-01-10", "2024-02-29T23:59", "6/30/2024", "30.06.2024 09:12", "2024-13-01", "9999-12-31", "0001-01-01", "2024-01-01 10:00:00 +18", "1/1/1\x00",
	} {
		for order := range 3 {
			f.Add(s, uint8(order))
		}
	}
}

func fuzzOrder(n uint8) DateOrder {
	return []DateOrder{DateOrderNone, DateOrderMDY, DateOrderDMY}[n%3]
}

func FuzzTime(f *testing.F) {
	addTimes(f)
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		order := fuzzOrder(n)
		got, err := parseTime(s, order, time.UTC)
		if err != nil {
			require.True(t, got.IsZero())
			require.Contains(t, []error{errTime, errDateOrder}, err)
			if order != DateOrderNone {
				require.Equal(t, errTime, err)
			}
			return
		}
		require.Equal(t, time.UTC, got.Location())
		require.Zero(t, got.Nanosecond()%1000)
		if y := got.Year(); y >= 1 && y <= 9999 { // a zone may lead out of these
			again, err := parseTime(got.Format(time.RFC3339Nano), order, time.UTC)
			require.NoError(t, err)
			require.Equal(t, got, again)
		}
		if std, err := time.Parse(time.RFC3339, s); err == nil {
			require.True(t, std.Truncate(time.Microsecond).Equal(got), "%s is not %s", got, std)
		}
		if std, err := time.Parse(time.DateTime, s); err == nil {
			require.True(t, std.Truncate(time.Microsecond).Equal(got), "%s is not %s", got, std)
		}
		_, err = appendDate(nil, s, order)
		require.NoError(t, err, "what is a time is a date")
	})
}

func FuzzDate(f *testing.F) {
	addTimes(f)
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		order := fuzzOrder(n)
		got, err := appendDate([]byte("x"), s, order)
		if err != nil {
			require.Equal(t, "x", string(got))
			require.Contains(t, []error{errDate, errDateOrder}, err)
			if _, err := time.Parse(time.DateOnly, s); err == nil {
				require.True(t, strings.HasPrefix(s, "0000"), "a day was refused")
			}
			return
		}
		date := string(got[1:])
		std, err := time.Parse(time.DateOnly, date)
		require.NoError(t, err, "no day of the calendar")
		require.Equal(t, date, std.Format(time.DateOnly))
		again, err := appendDate(nil, date, order)
		require.NoError(t, err)
		require.Equal(t, date, string(again))
		if len(s) >= 10 && s[4] == '-' {
			require.Equal(t, s[:10], date)
		}
	})
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{
		"", "0", "-0.0", "74.0", "+5", ".5", "5.", "1e5", "1.25E-3", "9999999999999999.99", "1e400", "1e-400", "1,250", "NaN", "0x10", "1e999999999999999999999", "--1", "1e", "１",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := canonicalNumber(s)
		if err != nil {
			require.Equal(t, errNumber, err)
			require.Empty(t, got)
			return
		}
		require.True(t, json.Valid([]byte(got)), "%q is no number of JSON", got)
		require.NotContains(t, got, "e")
		require.False(t, got == "-0" || strings.Contains(got, ".") && strings.HasSuffix(got, "0"), got)
		want, ok := new(big.Rat).SetString(s)
		require.True(t, ok)
		value, ok := new(big.Rat).SetString(got)
		require.True(t, ok)
		require.Zero(t, want.Cmp(value), "%q is not %q", got, s)
		if len(got) <= maxDigits {
			again, err := canonicalNumber(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
		}
		hundred := big.NewRat(100, 1)
		require.Equal(t, value.Sign() >= 0 && value.Cmp(hundred) <= 0, isPercent(got))
		if len(got) <= maxDigits {
			if shifted, err := hundredth(got); err == nil {
				share, ok := new(big.Rat).SetString(shifted)
				require.True(t, ok)
				require.Zero(t, new(big.Rat).Mul(share, hundred).Cmp(value))
			}
		}
	})
}

// fuzzPlans are the built-in mapping's objects compiled for the headers of testdata and two
// columns that it does not know.
func fuzzPlans(t testing.TB) (plans []*Plan, rows [][][]string) {
	m := salesforce(t)
	for _, object := range sortedKeys(m.Objects) {
		header, records := readRecords(t, object)
		header = append(header, "Unknown__c", "code")
		plan, err := m.Compile(object, header, Settings{DateOrder: DateOrderMDY})
		require.NoError(t, err)
		for i := range records {
			records[i] = append(records[i], "", "")
		}
		plans, rows = append(plans, plan), append(rows, records)
	}
	return plans, rows
}

// FuzzMap changes cells of the records in testdata. Each edit is the number of a column and the
// bytes that it takes; edits end in a NUL, which the decoder lets through in no cell, and a column
// beyond the header means a NUL in the first one.
func FuzzMap(f *testing.F) {
	plans, rows := fuzzPlans(f)
	for i, plan := range plans {
		for j := range rows[i] {
			f.Add(uint8(i), uint8(j), []byte{})
		}
		for col := range plan.Header {
			for _, cell := range []string{"", "x", "1", "2024-02-30", "6/30/2024", "0035g00000InGA1", "@Ref1", `{"a":[null,{"b":null}]}`, "null", "\xff\"\\\x01", " \u00a0"} {
				if (col+len(cell))%5 == i%5 { // a fifth of them is a corpus
					f.Add(uint8(i), uint8(0), append([]byte{byte(col)}, cell...))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, object, record uint8, edits []byte) {
		i := int(object) % len(plans)
		plan, records := plans[i], rows[i]
		good := records[0]
		cells := slices.Clone(records[int(record)%len(records)])
		for edit := range strings.SplitSeq(string(edits), "\x00") {
			if edit == "" {
				continue
			}
			if col := int(edit[0]); col < len(cells) {
				cells[col] = edit[1:]
			} else {
				cells[0] += "\x00"
			}
		}
		before := slices.Clone(cells)

		mapper := plan.NewMapper()
		b := &graph.Batch{}
		skipped, err := mapper.Map(b, 1, 2, cells)
		require.Equal(t, before, cells, "cells belong to the caller")
		checkOutcome(t, plan, b, cells, skipped, err)
		first := ""
		if len(b.Records) > 0 {
			first = rendered(t, b)
		}

		// The same again: with this mapper, after another record, and with a new one.
		other := &graph.Batch{}
		_, err2 := mapper.Map(other, 2, 3, good)
		require.NoError(t, err2)
		second := &graph.Batch{}
		skipped2, err2 := mapper.Map(second, 1, 2, cells)
		require.Equal(t, skipped, skipped2)
		require.Equal(t, err, err2)
		third := &graph.Batch{}
		skipped3, err3 := plan.NewMapper().Map(third, 1, 2, cells)
		require.Equal(t, skipped, skipped3)
		require.Equal(t, err, err3)
		if first != "" {
			require.Equal(t, first, rendered(t, b), "what was mapped stays")
			require.Equal(t, b, second)
			require.Equal(t, b, third)
		}
	})
}

// checkOutcome checks what holds for any record: it is mapped, left out, or a field error.
func checkOutcome(t testing.TB, plan *Plan, b *graph.Batch, cells []string, skipped string, err error) {
	t.Helper()
	size := len(b.Nodes) + len(b.Links) + len(b.Facts) + len(b.Events) + len(b.Participants) + len(b.Stages)
	if err != nil {
		var fe *FieldError
		require.ErrorAs(t, err, &fe)
		require.Empty(t, skipped)
		require.Empty(t, b.Records)
		require.Zero(t, size)
		require.NotEmpty(t, fe.Reason)
		require.Contains(t, []string{CodeMissingID, CodeMissingRequired, CodeInvalidBool, CodeInvalidDate, CodeInvalidNumber, CodeOutOfRange}, fe.Code)
		require.Equal(t, fe.Code == CodeMissingID, fe.ID == "")
		if fe.Column != "" {
			col := slices.Index(plan.Header, fe.Column)
			require.GreaterOrEqual(t, col, 0)
			require.Contains(t, []string{"", cells[col]}, fe.Value)
		}
		return
	}
	if skipped != "" {
		require.Empty(t, b.Records)
		require.Zero(t, size)
		return
	}
	require.Len(t, b.Records, 1)
	r := b.Records[0]
	require.Equal(t, plan.Object, r.Object)
	require.Equal(t, plan.Kind, r.Kind)
	require.NotEmpty(t, r.ID)
	require.Equal(t, int64(1), r.Rec)
	require.Equal(t, int32(2), r.Line)
	require.NotZero(t, r.Hash)
	var texts [][]byte
	for _, n := range b.Nodes {
		texts = append(texts, n.Properties)
		require.NotEmpty(t, n.Type)
	}
	for _, l := range b.Links {
		require.NotEmpty(t, l.EdgeType)
		require.False(t, l.Source.IsZero() && l.Target.IsZero())
		if l.Properties != nil {
			texts = append(texts, l.Properties)
		}
	}
	for _, fact := range b.Facts {
		require.NotEmpty(t, fact.Type)
		if fact.Claim != nil {
			texts = append(texts, fact.Claim)
		}
	}
	for _, e := range b.Events {
		require.NotEmpty(t, e.Type)
		require.False(t, e.OccurredAt.IsZero())
		texts = append(texts, e.Properties)
	}
	for _, p := range b.Participants {
		require.NotEmpty(t, p.Role)
		require.False(t, p.Node.IsZero())
		if p.Properties != nil {
			texts = append(texts, p.Properties)
		}
	}
	for _, s := range b.Stages {
		require.NotEmpty(t, s.Key)
		require.NotEmpty(t, s.Label)
		for _, n := range []*float64{s.Order, s.Probability} {
			require.False(t, n != nil && (math.IsNaN(*n) || math.IsInf(*n, 0)), "a stage's number has no JSON")
		}
	}
	for _, text := range texts {
		require.True(t, json.Valid(text), "%q", text)
		require.Equal(t, byte('{'), text[0])
		require.True(t, utf8.Valid(text))
		require.NotContains(t, string(text), "\x00")
		uniqueKeys(t, text)
	}
}
