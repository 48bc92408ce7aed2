package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

// settleMapping rejects for every reason that there is.
const settleMapping = `
mapping: test
title: Test
version: 1
objects:
  Contact:
    recognise: {all: [Id]}
    key: Id
    require: [Name, Born|Since]
    skip: [{when: {"true": [Hidden]}, reason: hidden}]
    node:
      type: person
      code: CON
      label: Name
      properties:
        name: Name
        born: {column: Born, as: date}
        size: {column: Size, as: number}
        share: {column: Share, as: percent}
        kind: {column: Kind, map: {a: A}, unknown: reject}
        vip: {column: Vip, as: bool}
        since: {column: Since, as: time}
        when: {column: When, as: date, layout: DD.MM.YYYY}
    links:
      - {type: employs, from: {object: Contact, id: Boss}}
`

// TestRemedy takes a record that is rejected, lays the remedy over the mapping as a user would, and maps the record
// again.
func TestRemedy(t *testing.T) {
	t.Parallel()
	good := map[string]string{"Id": "1", "Name": "Ada", "Born": "1990-01-02", "Since": "2020-01-02"}
	for name, tc := range map[string]struct {
		cells  map[string]string
		out    string // a column that the header lacks
		orders Orders
		want   Remedy // without the text
		gives  string // properties, as far as they are told
		row    bool   // only a repair of the row settles it
	}{
		"blank":              {cells: map[string]string{"Name": " "}, want: Remedy{Mapping: `objects: {Contact: {cells: {Name: {default: "(unknown)"}}}}`}, gives: `"name":"(unknown)"`},
		"blank, and a date":  {cells: map[string]string{"Born": "", "Since": ""}, row: true},
		"not there":          {cells: map[string]string{"Full name": "Ada"}, out: "Name", want: Remedy{Mapping: `objects: {Contact: {aliases: {Name: ["Full name"]}}}`}, gives: `"name":"Ada"`},
		"not there at all":   {cells: map[string]string{"Shoe": "39"}, out: "Name", row: true},
		"no id":              {cells: map[string]string{"Id": ""}, row: true},
		"no such day":        {cells: map[string]string{"Born": "1990-02-31"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Born: {unreadable: blank}}}}`}},
		"any order":          {cells: map[string]string{"Born": "3/4/1990"}, want: Remedy{Flag: "--date-order dmy"}, orders: Orders{3, 4}, gives: `"born":"1990-04-03"`},
		"the day first":      {cells: map[string]string{"Born": "3/4/1990"}, want: Remedy{Flag: "--date-order dmy"}, orders: Orders{31, 12}, gives: `"born":"1990-04-03"`},
		"the month first":    {cells: map[string]string{"Born": "3/4/1990"}, want: Remedy{Flag: "--date-order mdy"}, orders: Orders{12, 31}, gives: `"born":"1990-03-04"`},
		"no marks":           {cells: map[string]string{"Born": "19900304"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Born: {layout: YYYYMMDD}}}}`}, gives: `"born":"1990-03-04"`},
		"no marks, a time":   {cells: map[string]string{"Since": "19900304T050607"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Since: {layout: YYYYMMDDTHHmmss}}}}`}, gives: `"since":"1990-03-04T05:06:07Z"`},
		"short year":         {cells: map[string]string{"Born": "3.4.90"}, orders: Orders{3, 4}, want: Remedy{Mapping: `objects: {Contact: {cells: {Born: {layout: "D.M.YY"}}}}`}, gives: `"born":"1990-04-03"`},
		"short year, slash":  {cells: map[string]string{"Born": "03/04/90"}, orders: Orders{3, 31}, want: Remedy{Mapping: `objects: {Contact: {cells: {Born: {layout: "MM/DD/YY"}}}}`}, gives: `"born":"1990-03-04"`},
		"gaps":               {cells: map[string]string{"Born": "3. 4. 1990"}, orders: Orders{3, 0}, want: Remedy{Mapping: `objects: {Contact: {cells: {Born: {layout: "D. M. YYYY"}}}}`}, gives: `"born":"1990-04-03"`},
		"no layout":          {cells: map[string]string{"When": "1990-04-03"}, want: Remedy{Mapping: `objects: {Contact: {cells: {When: {unreadable: blank}}}}`}},
		"no date":            {cells: map[string]string{"Born": "soon"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Born: {unreadable: blank}}}}`}},
		"number":             {cells: map[string]string{"Size": "a lot"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Size: {unreadable: blank}}}}`}},
		"two ways of number": {cells: map[string]string{"Size": "1.234"}, want: Remedy{Flag: "--decimal point"}, gives: `"size":1.234`},
		"too much":           {cells: map[string]string{"Share": "1000"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Share: {unreadable: blank}}}}`}},
		"not of the map":     {cells: map[string]string{"Kind": "b"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Kind: {unreadable: blank}}}}`}},
		"bool":               {cells: map[string]string{"Vip": "ja"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Vip: {unreadable: blank}}}}`}},
		"bool of a rule":     {cells: map[string]string{"Hidden": "ja"}, want: Remedy{Mapping: `objects: {Contact: {cells: {Hidden: {unreadable: blank}}}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse([]byte(settleMapping))
			require.NoError(t, err)
			row := make(map[string]string)
			for _, from := range []map[string]string{good, tc.cells} {
				for k, v := range from {
					if k != tc.out {
						row[k] = v
					}
				}
			}
			header := sortedKeys(row)
			_, fe := contactOf(t, m, header, row, Settings{})
			require.NotNil(t, fe)
			c := Cause{Object: "Contact", Code: fe.Code, Column: fe.Column, Reason: fe.Reason, Header: header, Orders: tc.orders}
			if fe.Value != "" {
				c.Values = []string{fe.Value, fe.Value}
			}
			got := m.Remedy(c)
			require.NotEmpty(t, got.Text)
			require.NotContains(t, got.Text+got.Mapping+got.Flag, fmt.Sprintf("%q", fe.Value))
			got.Text = ""
			require.Equal(t, tc.want, got)
			if tc.row {
				require.Zero(t, got)
				return
			}
			settings := Settings{}
			if flag, value, ok := strings.Cut(got.Flag, " "); ok {
				require.Contains(t, []string{"--date-order", "--decimal"}, flag)
				if flag == "--date-order" {
					settings.DateOrder = DateOrder(value)
				} else {
					settings.Decimal = DecimalMark(value)
				}
			} else {
				whole, err := extend([]byte(settleMapping), []byte(got.Mapping))
				require.NoError(t, err)
				m, err = Parse(whole)
				require.NoError(t, err)
			}
			properties, fe := contactOf(t, m, header, row, settings)
			require.Nil(t, fe)
			require.Contains(t, properties, tc.gives)
		})
	}
}

func contactOf(t *testing.T, m *Mapping, header []string, row map[string]string, settings Settings) (string, *FieldError) {
	t.Helper()
	plan, err := m.Compile("Contact", header, settings)
	require.NoError(t, err)
	cells := make([]string, len(header))
	for i, name := range header {
		cells[i] = row[name]
	}
	b := &graph.Batch{}
	_, err = plan.NewMapper().Map(b, 1, 2, cells)
	for i, name := range header {
		require.Equal(t, row[name], cells[i], "the record is left as it was")
	}
	if err != nil {
		var fe *FieldError
		require.ErrorAs(t, err, &fe)
		return "", fe
	}
	require.Len(t, b.Records, 1)
	require.Len(t, b.Nodes, 1)
	return string(b.Nodes[0].Properties), nil
}

// TestLayouts has a layout for each way of writing dates that is offered.
func TestLayouts(t *testing.T) {
	t.Parallel()
	for _, text := range layouts {
		_, err := parseLayout(text)
		require.NoError(t, err, text)
	}
}

// TestCells puts cells right in each of the ways.
func TestCells(t *testing.T) {
	t.Parallel()
	const header = "mapping: test\ntitle: Test\nversion: 1\nobjects:\n  Contact:\n    recognise: {all: [Id]}\n    key: Id\n"
	for name, tc := range map[string]struct {
		cells string
		row   map[string]string
		want  string // properties, or the column of the error
	}{
		"map":              {`{Name: {map: {" ADA ": Adele, bob: ""}}}`, map[string]string{"Name": "ada "}, `{"name":"Adele"}`},
		"map to blank":     {`{Name: {map: {bob: ""}}}`, map[string]string{"Name": "Bob"}, `{}`},
		"map of no blank":  {`{Name: {map: {"": x}}}`, map[string]string{"Name": ""}, `{}`},
		"default":          {`{Name: {default: nobody}}`, map[string]string{"Name": "  "}, `{"name":"nobody"}`},
		"default of a map": {`{Name: {map: {bob: ""}, default: nobody}}`, map[string]string{"Name": "bob"}, `{"name":"nobody"}`},
		"in other letters": {`{name: {default: nobody}}`, map[string]string{"Name": ""}, `{"name":"nobody"}`},
		"no such column":   {`{Nome: {default: nobody}}`, map[string]string{"Name": ""}, `{}`},
		"layout":           {`{Born: {layout: DD.MM.YY}}`, map[string]string{"Born": "31.12.90"}, `{"born":"1990-12-31"}`},
		"another layout":   {`{Born: {layout: DD.MM.YY}}`, map[string]string{"Born": "1990-12-31"}, `{"born":"1990-12-31"}`},
		"layout of a map":  {`{Born: {layout: DD.MM.YY, map: {then: 31.12.90}}}`, map[string]string{"Born": "then"}, `{"born":"1990-12-31"}`},
		"two unreadable": {
			`{Born: {unreadable: blank}, Size: {unreadable: blank}}`, map[string]string{"Born": "x", "Size": "y", "Name": "Ada"}, `{"name":"Ada"}`,
		},
		"one may not be":    {`{Born: {unreadable: blank}, Size: {unreadable: reject}}`, map[string]string{"Born": "x", "Size": "y"}, "Size"},
		"a default as well": {`{Size: {unreadable: blank, default: much}}`, map[string]string{"Size": ""}, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse([]byte(header + "    cells: " + tc.cells + "\n    node: {type: person, code: CON, label: Id, properties: {name: Name, born: {column: Born, as: date}, size: {column: Size, as: number}}}\n"))
			require.NoError(t, err)
			tc.row["Id"] = "1"
			properties, fe := contactOf(t, m, sortedKeys(tc.row), tc.row, Settings{})
			if fe != nil {
				properties = fe.Column
			}
			require.Equal(t, tc.want, properties)
		})
	}
	for cells, want := range map[string]string{
		`{Born: {layout: DDMM}}`:       "cells.Born.layout",
		`{Born: {unreadable: ignore}}`: "objects.Contact.cells.Born.unreadable",
	} {
		_, err := Parse([]byte(header + "    cells: " + cells + "\n    node: {type: person, label: Born}\n"))
		require.ErrorContains(t, err, want)
	}
}
