package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// night is an export of contacts and accounts with certain columns.
func night(t *testing.T, contacts, accounts []string) string {
	t.Helper()
	dir := t.TempDir()
	cells := map[string]string{
		"Id": adams, "FirstName": "Ada", "LastName": "Adams", "Phone": "+1 415 555 2671", "Business Phone Number": "+1 415 555 2671", "Email": "ada@example.com", "AccountId": "0017R00002AAAAAQAX",
		"HasOptedOutOfEmail": "1", "IsDeleted": "0", "CreatedDate": "2024-01-01 08:00:00", "SystemModstamp": "2024-01-02 08:00:00",
		"Shoe_Size__c": "39", "Hat__c": "52", "Title": "Engineer",
		"first_name": "Ada", "PHONE": "+1 415 555 2671", "SHOE_SIZE__C": "39",
	}
	row := func(columns []string, other map[string]string) string {
		var row []string
		for _, c := range columns {
			if v, ok := other[c]; ok {
				row = append(row, v)
			} else {
				row = append(row, cells[c])
			}
		}
		return strings.Join(row, "|")
	}
	if contacts != nil {
		write(t, dir, "Contact.csv", csvFile(strings.Join(contacts, "|"), row(contacts, nil)))
	}
	if accounts != nil {
		write(t, dir, "Account.csv", csvFile(strings.Join(accounts, "|"), row(accounts, map[string]string{"Id": "0017R00002AAAAAQAX", "Name": "Acme", "Type": "Customer"})))
	}
	return dir
}

var (
	contactColumns = []string{"Id", "FirstName", "LastName", "Phone", "Email", "Title", "AccountId", "HasOptedOutOfEmail", "IsDeleted", "CreatedDate", "SystemModstamp", "Shoe_Size__c"}
	accountColumns = []string{"Id", "Name", "Type", "IsDeleted", "CreatedDate", "SystemModstamp"}
)

// without leaves columns out, and adds others.
func without(columns []string, out string, more ...string) []string {
	var kept []string
	for _, c := range columns {
		if !strings.Contains(","+out+",", ","+c+",") {
			kept = append(kept, c)
		}
	}
	return append(kept, more...)
}

// TestDrift runs exports whose columns come and go.
func TestDrift(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		contacts []string // the columns of the second night; nil for no contacts
		args     []string
		code     int
		drift    []report.Drift
		says     []string // what the error tells
		silent   []string // and what not
	}{
		"as before":        {contacts: contactColumns},
		"in another order": {contacts: append([]string{"Shoe_Size__c"}, without(contactColumns, "Shoe_Size__c")...)},
		"in another case":  {contacts: without(contactColumns, "Shoe_Size__c,Phone", "SHOE_SIZE__C", "PHONE")},
		"a new column": {
			contacts: append([]string{"Hat__c"}, contactColumns...),
			drift:    []report.Drift{{Object: "Contact", Column: "Hat__c", Change: report.DriftNew, KeptAs: "Hat__c"}},
		},
		"a new column in a delta": {
			contacts: append([]string{"Hat__c"}, contactColumns...), args: []string{"--delta"},
			drift: []report.Drift{{Object: "Contact", Column: "Hat__c", Change: report.DriftNew, KeptAs: "Hat__c"}},
		},
		"a column that nothing maps is gone": {
			contacts: without(contactColumns, "Shoe_Size__c"),
			drift:    []report.Drift{{Object: "Contact", Column: "Shoe_Size__c", Change: report.DriftGone, KeptAs: "Shoe_Size__c"}},
		},
		"a mapped column is gone": {
			contacts: without(contactColumns, "Title"), code: exitGuard,
			says: []string{
				"nothing was changed", "Contact.csv: Contact.Title, which run 1 had, is", "(mapping salesforce, line ",
				"--allow-missing-columns Contact.Title:",
			},
			silent: []string{"is it"},
		},
		"of a delta": {contacts: without(contactColumns, "Title"), args: []string{"--delta"}, code: exitGuard, says: []string{"Contact.Title"}},
		"several": {
			contacts: without(contactColumns, "Title,Email"), code: exitGuard,
			says: []string{"Contact.Title", "Contact.Email", "--allow-missing-columns Contact.Email,Contact.Title:"},
		},
		"another one is allowed": {
			contacts: without(contactColumns, "Title,Email"), args: []string{"--allow-missing-columns", "Contact.Title"}, code: exitGuard,
			says: []string{"Contact.Email"}, silent: []string{"Contact.Title"},
		},
		"allowed": {
			contacts: without(contactColumns, "Title"), args: []string{"--allow-missing-columns", "contact.title"},
			drift: []report.Drift{{Object: "Contact", Column: "Title", Change: report.DriftGone, Uses: []string{"property title", "link property title"}}},
		},
		"renamed": {
			contacts: without(contactColumns, "Phone", "Business Phone Number"), code: exitGuard,
			says: []string{`is it "Business Phone Number" now? Then map it: objects: {Contact: {aliases: {Phone: ["Business Phone Number"]}}}`},
		},
		"renamed to nothing like it": {
			contacts: without(contactColumns, "Phone", "Hat__c"), code: exitGuard, says: []string{"Contact.Phone"}, silent: []string{"is it"},
		},
		"another spelling that is known": {contacts: without(contactColumns, "FirstName", "first_name")},
		"what tells who is deleted": {
			contacts: without(contactColumns, "IsDeleted"), args: []string{"--allow-missing-columns", "all"}, code: exitGuard,
			says: []string{"marks deleted records", "no flag lets that pass"}, silent: []string{"--allow"},
		},
		"the object is not there": {contacts: nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			pool := pgtest.Connect(t, url)
			first := imported(t, url, exitDone, night(t, contactColumns, accountColumns))
			require.Empty(t, first.Drift, "nobody knows what there was before")
			before := dump(t, pool)
			s := imported(t, url, tc.code, append(tc.args, night(t, tc.contacts, accountColumns))...)
			require.Equal(t, tc.drift, s.Drift)
			for _, text := range tc.says {
				require.Contains(t, s.Error, text)
			}
			for _, text := range tc.silent {
				require.NotContains(t, s.Error, text)
			}
			if tc.code == exitGuard {
				require.Equal(t, "stopped", s.Status)
				require.Equal(t, before, dump(t, pool))
				require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.headers WHERE run_no > 1"))
				require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))
			}
			// Whatever came of that, the next whole export is compared with the last run that is done.
			s = imported(t, url, exitDone, night(t, contactColumns, accountColumns))
			require.Zero(t, s.Graph)
		})
	}
}

// TestDrift_Nights follows a column that is gone for some nights and comes back: it is asked for once, and
// in all these nights nothing is taken away that was made of it.
func TestDrift_Nights(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	imported(t, url, exitDone, night(t, contactColumns, accountColumns))
	before := dump(t, pool)
	const out = "Phone,Email,AccountId,HasOptedOutOfEmail,FirstName,Title"
	narrow := without(contactColumns, out)

	imported(t, url, exitGuard, night(t, narrow, accountColumns))
	s := imported(t, url, exitDone, "--allow-missing-columns", "all", night(t, narrow, accountColumns))
	require.Len(t, s.Drift, 6)
	require.Zero(t, s.Graph, "a column that is gone is no blank cell")
	require.Equal(t, before, dump(t, pool))

	s = imported(t, url, exitDone, night(t, narrow, accountColumns))
	require.Len(t, s.Drift, 6)
	for _, d := range s.Drift {
		require.True(t, d.Known, d.Column)
	}
	require.Zero(t, s.Graph)
	r := command(t, "", "--database-url", url, "verify", "--output", "json", night(t, narrow, accountColumns))
	require.Equal(t, exitDone, r.code, r.stdout)

	s = imported(t, url, exitDone, night(t, contactColumns, accountColumns))
	require.Len(t, s.Drift, 6)
	for _, d := range s.Drift {
		require.Equal(t, report.DriftBack, d.Change, d.Column)
	}
	require.Zero(t, s.Graph)
	require.Equal(t, before, dump(t, pool))
	imported(t, url, exitGuard, night(t, narrow, accountColumns))
}

// TestDrift_Rejects loads a reject file of which columns were taken out: that is no drift, and takes nothing away.
func TestDrift_Rejects(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	imported(t, url, exitDone, night(t, contactColumns, accountColumns))
	before := dump(t, pool)
	text := csvFile("Id|LastName|_code|_run_id", adams+"|Adams|missing_required|0")
	s := imported(t, url, exitDone, write(t, t.TempDir(), "Contact.csv", text))
	require.Empty(t, s.Drift)
	require.Zero(t, s.Graph)
	require.Equal(t, before, dump(t, pool))
	require.Equal(t, 2, value[int](t, pool, "SELECT count(*) FROM rye_import.headers"), "and the next run compares with what was before")
}

// TestDrift_JSON has exports that leave out what is blank: only a key that every record had can be gone.
func TestDrift_JSON(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	page := func(extra string, n int) string {
		rows := make([]string, n)
		for i := range rows {
			rows[i] = `{"Id": "` + adams[:15] + string(rune('A'+i/26)) + string(rune('A'+i%26)) + `A", "LastName": "Adams", "IsDeleted": false, "CreatedDate": "2024-01-01T08:00:00Z"` + extra + "}"
			rows[i] = strings.ReplaceAll(rows[i], "$", string(rune('0'+i%10)))
		}
		return write(t, t.TempDir(), "contacts.json", `{"records": [`+strings.Join(rows, ", ")+`]}`)
	}
	run := func(code int, path string) *report.Summary {
		return imported(t, url, code, "--crm", "salesforce", path)
	}
	run(exitDone, page(`, "Title": "x", "Email": "a@example.com"`, 60))
	s := run(exitGuard, page(`, "Email": "a@example.com"`, 60))
	require.Contains(t, s.Error, "Contact.Title")
	// One record may well have none: of so few nothing is learnt, but what was learnt holds.
	run(exitGuard, page(`, "Email": "a@example.com"`, 1))
	s = run(exitDone, page(`, "Title": null, "Email": "a@example.com", "Hat__c": 1`, 1))
	require.Equal(t, []report.Drift{{Object: "Contact", Column: "Hat__c", Change: report.DriftNew, KeptAs: "Hat__c"}}, s.Drift)
	s = run(exitDone, page(`, "Title": null, "Email": "a@example.com"`, 1))
	require.Empty(t, s.Drift, "it is left out where it is blank")
	s = run(exitDone, page(`, "Title": null, "Email": "a@example.com", "Hat__c": 1`, 1))
	require.Empty(t, s.Drift, "and is no news when it is back")
}
