package mapping

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/gocarina/gocsv"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/perrecord"
)

func BenchmarkMap(b *testing.B) {
	for _, object := range []string{"Contact", "Opportunity"} {
		b.Run(object, func(b *testing.B) {
			header, rows := readRecords(b, object)
			plan, err := salesforce(b).Compile(object, header, Settings{})
			require.NoError(b, err)
			m := plan.NewMapper()
			batch := &graph.Batch{}
			meter := perrecord.Start(b)
			for b.Loop() {
				// A batch is reused, as the pipeline does.
				batch.Reset()
				if _, err := m.Map(batch, 1, 2, rows[0]); err != nil {
					b.Fatal(err)
				}
			}
			meter.Report(1)
			require.Len(b, batch.Nodes, 1)
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	m := salesforce(b)
	header := fixtureHeader(b, "Contact")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Compile("Contact", header, Settings{}); err != nil {
			b.Fatal(err)
		}
	}
}

// cellsOf has a cell for each type that is written as people write it.
var cellsOf = map[Type]string{
	TypeText: "Springfield", TypeNumber: "1,234.50", TypeMoney: "$1,117.10K", TypePercent: "12.5 %", TypeBool: "true", TypeDate: "6/30/2024",
	TypeTime: "2023-02-07 20:47:49", TypeList: "a;b;c", TypeJSON: `{"city":"Brno","zip":null}`, TypeEmail: "Ada.Zimohor@EXAMPLE.com", TypePhone: "+1 555 010 0000",
	TypeCurrency: "eur", TypeCurrencyOf: "12.50 €", TypeDuration: "01:30", TypeHTML: "<p>Called <b>twice</b></p>", TypeDomain: "https://www.Example.com/about",
}

// BenchmarkTransform reads one cell as each type.
func BenchmarkTransform(b *testing.B) {
	for _, typ := range types {
		b.Run(string(typ), func(b *testing.B) {
			m, err := Parse([]byte(objectA + "    node: {type: org, properties: {a: {column: X, as: " + string(typ) + "}}}\n"))
			require.NoError(b, err)
			plan, err := m.Compile("A", []string{"Id", "X"}, Settings{DateOrder: DateOrderMDY, Decimal: DecimalPoint})
			require.NoError(b, err)
			v := plan.node.choices[0].properties.parts[0]
			r := &row{cells: []string{"1", cellsOf[typ]}, header: plan.Header, settings: &plan.settings, ids: &plan.ids}
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				var ok bool
				if out, ok, err = v.appendJSON(out[:0], r); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

const benchRecords = 20_000

// contacts makes CSV of 23 columns in the style of a weekly export, some of them quoted.
func contacts(records int) []byte {
	var b bytes.Buffer
	b.WriteString("Id,AccountId,Salutation,FirstName,LastName,Title,Department,Email,Phone,MobilePhone,Fax," +
		"MailingStreet,MailingCity,MailingState,MailingPostalCode,MailingCountry,LeadSource,Birthdate," +
		"Description,OwnerId,CreatedDate,LastModifiedDate,IsDeleted\n")
	for i := range records {
		fmt.Fprintf(&b, "003%015d,001%015d,,First%d,Last%d,\"Director, Sales\",,person%d@example.com,+1 555 %07d,,,"+
			"\"%d Main St\nSuite \"\"B\"\"\",Springfield,IL,%05d,United States,Web,,,005%015d,"+
			"2023-02-07 20:47:49,2023-05-11 00:00:00,0\n", i, i/3, i, i, i, i, i, i%100000, i%7)
	}
	return b.Bytes()
}

// BenchmarkDecodeAndMap is what one core makes of an export before it reaches the database.
func BenchmarkDecodeAndMap(b *testing.B) {
	data := contacts(benchRecords)
	p, err := decode.Scan(context.Background(), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, decode.Options{})
	require.NoError(b, err)
	plan, err := salesforce(b).Compile("Contact", p.Header, Settings{})
	require.NoError(b, err)
	batch := &graph.Batch{}
	b.SetBytes(int64(len(data)))
	meter := perrecord.Start(b)
	for b.Loop() {
		r, err := decode.NewReader(io.NopCloser(bytes.NewReader(data)), p, decode.Options{})
		require.NoError(b, err)
		m := plan.NewMapper()
		n := 0
		for {
			rec, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if n%5000 == 0 {
				batch.Reset()
			}
			if _, err := m.Map(batch, int64(n), rec.Line, rec.Cells); err != nil {
				b.Fatal(err)
			}
			n++
		}
		require.Equal(b, benchRecords, n)
	}
	meter.Report(benchRecords)
}

// gocsvContact is the record of contacts as gocsv wants it.
type gocsvContact struct {
	ID                string `csv:"Id"`
	AccountID         string `csv:"AccountId"`
	Salutation        string `csv:"Salutation"`
	FirstName         string `csv:"FirstName"`
	LastName          string `csv:"LastName"`
	Title             string `csv:"Title"`
	Department        string `csv:"Department"`
	Email             string `csv:"Email"`
	Phone             string `csv:"Phone"`
	MobilePhone       string `csv:"MobilePhone"`
	Fax               string `csv:"Fax"`
	MailingStreet     string `csv:"MailingStreet"`
	MailingCity       string `csv:"MailingCity"`
	MailingState      string `csv:"MailingState"`
	MailingPostalCode string `csv:"MailingPostalCode"`
	MailingCountry    string `csv:"MailingCountry"`
	LeadSource        string `csv:"LeadSource"`
	Birthdate         string `csv:"Birthdate"`
	Description       string `csv:"Description"`
	OwnerID           string `csv:"OwnerId"`
	CreatedDate       string `csv:"CreatedDate"`
	LastModifiedDate  string `csv:"LastModifiedDate"`
	IsDeleted         string `csv:"IsDeleted"`
}

// BenchmarkGocsv is what gocsv alone needs to read the records of BenchmarkDecodeAndMap into structs.
func BenchmarkGocsv(b *testing.B) {
	data := contacts(benchRecords)
	b.SetBytes(int64(len(data)))
	meter := perrecord.Start(b)
	for b.Loop() {
		var list []gocsvContact
		if err := gocsv.UnmarshalBytes(data, &list); err != nil {
			b.Fatal(err)
		}
		require.Len(b, list, benchRecords)
	}
	meter.Report(benchRecords)
}
