package decode

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/perrecord"
)

// contactsCSV makes rows of 23 columns in the style of a weekly export, some of them quoted.
func contactsCSV(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("Id,AccountId,Salutation,FirstName,LastName,Title,Department,Email,Phone,MobilePhone,Fax," +
		"MailingStreet,MailingCity,MailingState,MailingPostalCode,MailingCountry,LeadSource,Birthdate," +
		"Description,OwnerId,CreatedDate,LastModifiedDate,IsDeleted\n")
	for i := range rows {
		fmt.Fprintf(&b, "003%015d,001%015d,,First%d,Last%d,\"Director, Sales\",,person%d@example.com,+1 555 %07d,,,"+
			"\"%d Main St\nSuite \"\"B\"\"\",Springfield,IL,%05d,United States,Web,,,005%015d,"+
			"2023-02-07 20:47:49,2023-05-11 00:00:00,0\n", i, i/3, i, i, i, i, i, i%100000, i%7)
	}
	return b.Bytes()
}

// contactsJSON makes a REST query page with a relationship in each record.
func contactsJSON(rows int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"totalSize":%d,"done":true,"records":[`, rows)
	for i := range rows {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `{"attributes":{"type":"Contact","url":"/services/data/v59.0/sobjects/Contact/003%015d"},`+
			`"Id":"003%015d","AccountId":"001%015d","Account":{"attributes":{"type":"Account","url":"/x"},"Name":"Account %d"},`+
			`"FirstName":"First%d","LastName":"Last%d","Title":"Director, Sales","Email":"person%d@example.com",`+
			`"MailingStreet":"%d Main St\nSuite \"B\"","MailingCity":"Springfield","Birthdate":null,"HasOptedOutOfEmail":false,`+
			`"Score__c":%d.5,"CreatedDate":"2023-02-07T20:47:49.000+0000"}`, i, i, i/3, i/3, i, i, i, i, i%100)
	}
	b.WriteString("]}")
	return b.Bytes()
}

func opener(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

func benchmarkReader(b *testing.B, rows int, data []byte) {
	p, err := Scan(context.Background(), opener(data), Options{})
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	m := perrecord.Start(b)
	for b.Loop() {
		r, err := NewReader(io.NopCloser(bytes.NewReader(data)), p, Options{})
		require.NoError(b, err)
		n := 0
		for {
			_, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		require.Equal(b, rows, n)
	}
	m.Report(rows)
}

const benchRows = 20_000

func BenchmarkCSV(b *testing.B) { benchmarkReader(b, benchRows, contactsCSV(benchRows)) }

// BenchmarkCSVLatin1 is BenchmarkCSV for a file that has to be transcoded.
func BenchmarkCSVLatin1(b *testing.B) {
	data := bytes.ReplaceAll(contactsCSV(benchRows), []byte("Springfield"), []byte("Springf\xe9ld"))
	benchmarkReader(b, benchRows, data)
}

// BenchmarkCSVPlain is what encoding/csv alone needs for the rows of BenchmarkCSV.
func BenchmarkCSVPlain(b *testing.B) {
	data := contactsCSV(benchRows)
	b.SetBytes(int64(len(data)))
	m := perrecord.Start(b)
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(data))
		for {
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	m.Report(benchRows)
}

// BenchmarkCSVBad is for a file of which each row is bad.
func BenchmarkCSVBad(b *testing.B) {
	data := []byte("a,b,c\n" + strings.Repeat("1,Screen 15\" wide,x\n", benchRows))
	p, err := Scan(context.Background(), opener(data), Options{})
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	m := perrecord.Start(b)
	for b.Loop() {
		r, err := NewReader(io.NopCloser(bytes.NewReader(data)), p, Options{})
		require.NoError(b, err)
		n := 0
		for {
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				break
			}
			n++
		}
		require.Equal(b, benchRows, n)
	}
	m.Report(benchRows)
}

func BenchmarkJSON(b *testing.B) { benchmarkReader(b, benchRows, contactsJSON(benchRows)) }

// dealsJSON makes a page in the style of HubSpot, with a nested object of all properties.
func dealsJSON(rows int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"results":[`)
	for i := range rows {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `{"id":"%d","properties":{"amount":"%d","closedate":null,"dealname":"Deal %d","dealstage":"appointmentscheduled",`+
			`"hs_object_id":"%d","pipeline":"default","hubspot_owner_id":"%d","description":"Several words of what it is about",`+
			`"deal_currency_code":"EUR","hs_lastmodifieddate":"2026-02-25T16:26:25.880Z"},"createdAt":"2026-02-25T16:26:25.880Z",`+
			`"archived":false,"associations":{"contacts":{"results":[{"id":"%d","type":"deal_to_contact"}]}}}`, i, i, i, i, i%7, i)
	}
	b.WriteString("]}")
	return b.Bytes()
}

func BenchmarkJSONNested(b *testing.B) { benchmarkReader(b, benchRows, dealsJSON(benchRows)) }

func BenchmarkNDJSON(b *testing.B) {
	page := contactsJSON(benchRows)
	page = bytes.ReplaceAll(page[bytes.IndexByte(page, '[')+1:len(page)-2], []byte(",\n"), []byte("\n"))
	benchmarkReader(b, benchRows, page)
}

func benchmarkScan(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	m := perrecord.Start(b)
	for b.Loop() {
		_, err := Scan(context.Background(), opener(data), Options{})
		require.NoError(b, err)
	}
	m.Report(benchRows)
}

func BenchmarkScanCSV(b *testing.B)  { benchmarkScan(b, contactsCSV(benchRows)) }
func BenchmarkScanJSON(b *testing.B) { benchmarkScan(b, contactsJSON(benchRows)) }
