package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func traced(t *testing.T, url string, args ...string) *report.Trace {
	t.Helper()
	r := command(t, "", append([]string{"--database-url", url, "trace", "--output", "json"}, args...)...)
	require.Equal(t, exitDone, r.code, r.stderr)
	var out report.Trace
	dec := json.NewDecoder(strings.NewReader(r.stdout))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&out), r.stdout)
	return &out
}

// TestTrace traces a person whose e-mail address a second run changed, and a deal that it moved.
func TestTrace(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	n := &nightly{company: newCompany(), t: t, url: url, pool: pgtest.Connect(t, url)}
	imported(t, url, exitDone, n.write(t)) // run 1
	n.change(t, "Contact", ada, "2024-06-01 08:00:00", "ada@example.com", "countess@example.com", "Ada|", "Augusta Ada|")
	n.change(t, "Opportunity", deal, "2024-06-02 08:00:00", "Prospecting", "Negotiation")
	imported(t, url, exitDone, n.write(t)) // run 2

	person := traced(t, n.url, "salesforce:Contact:"+ada)
	require.Equal(t, "CON-2402-0001", person.Node.Code)
	require.Equal(t, person.Node, traced(t, n.url, "CON-2402-0001").Node)
	require.Len(t, person.Records, 1)
	require.Equal(t, []any{"salesforce", "Contact", ada, int32(1), int32(2), "Contact.csv", int32(2)}, []any{
		person.Records[0].Source, person.Records[0].Object, person.Records[0].ID, person.Records[0].FirstRun, person.Records[0].Run, person.Records[0].File, person.Records[0].Line,
	})
	properties := make(map[string]report.TracedProperty)
	for _, p := range person.Properties {
		properties[p.Name] = p
	}
	email := properties["email"]
	require.JSONEq(t, `"countess@example.com"`, string(email.Value))
	require.Equal(t, []string{"Email"}, email.Columns)
	require.Equal(t, []any{int32(2), "Contact.csv", int32(2)}, []any{email.Origin.Run, email.Origin.File, email.Origin.Line})
	require.Len(t, email.Earlier, 1)
	require.JSONEq(t, `"ada@example.com"`, string(email.Earlier[0].Value))
	require.Equal(t, int32(2), email.Earlier[0].Until.Run)
	require.Equal(t, int32(1), properties["title"].Origin.Run, "it has not changed since the first run")
	require.Empty(t, properties["title"].Earlier)
	require.Empty(t, properties["code"].Columns)
	label := properties["label (of the node)"]
	require.JSONEq(t, `"Augusta Ada Lovelace"`, string(label.Value))
	require.JSONEq(t, `"Ada Lovelace"`, string(label.Earlier[0].Value))
	links := make(map[string]report.TracedLink)
	for _, l := range person.Links {
		links[l.Type] = l
	}
	require.Equal(t, []any{"Acme", false, "AccountId", "Contact/" + ada, int32(1), "Contact.csv", int32(2)}, []any{
		links["employs"].OtherLabel, links["employs"].Outbound, links["employs"].Column, links["employs"].Record,
		links["employs"].Origin.Run, links["employs"].Origin.File, links["employs"].Origin.Line,
	})
	require.Empty(t, person.Notes)

	opportunity := traced(t, n.url, "salesforce:Opportunity:"+deal)
	var stages []string
	for _, f := range opportunity.Facts {
		if f.Type == "deal_stage" {
			var claim struct{ Stage string }
			require.NoError(t, json.Unmarshal(f.Claim, &claim))
			stages = append(stages, claim.Stage)
			require.Equal(t, "Opportunity/"+deal, f.Record)
			require.Equal(t, len(stages) == 1, f.SupersededAt == nil, "the current one comes first")
			require.Equal(t, map[int]int32{1: 2, 2: 1}[len(stages)], f.Origin.Run)
		}
	}
	require.Equal(t, []string{"negotiation", "prospecting"}, stages)

	r := command(t, "", "--database-url", n.url, "trace", "CON-2402-0001")
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, want := range []string{"CON-2402-0001 Augusta Ada Lovelace", "salesforce:Contact:" + ada, "countess@example.com", "ada@example.com", "run 2, Contact.csv:2", "<- ORG-2401-0001 Acme"} {
		require.Contains(t, r.stdout, want)
	}

	// The mapping of the runs is no more.
	execute(t, n.pool, "UPDATE rye_import.runs SET mapping = 'salesforce/1/0000000000000000'")
	old := traced(t, n.url, "CON-2402-0001")
	require.NotEmpty(t, old.Notes)
	require.Contains(t, old.Notes[0], "has changed since")
	for _, p := range old.Properties {
		require.Empty(t, p.Columns, p.Name)
	}

	// Somebody made a node in the graph.
	execute(t, n.pool, `INSERT INTO rye.nodes (node_type, label, external_id, external_source, properties)
		VALUES ('person', 'Grace', 'CON-9901-0001', 'internal', '{"code": "CON-9901-0001", "email": "grace@example.com"}')`)
	own := traced(t, n.url, "CON-9901-0001")
	require.Empty(t, own.Records)
	for _, p := range own.Properties {
		require.Nil(t, p.Origin, p.Name)
	}
	r = command(t, "", "--database-url", n.url, "trace", "CON-9901-0001")
	require.Contains(t, r.stdout, "No import brought it.")

	for asked, code := range map[string]int{"CON-0000-0000": exitFailed, "salesforce:Contact:nobody": exitFailed, "salesforce:Contact": exitFailed, "": exitUsage} {
		args := []string{"--database-url", n.url, "trace"}
		if asked != "" {
			args = append(args, asked)
		}
		r := command(t, "", args...)
		require.Equal(t, code, r.code, asked)
		require.Contains(t, r.stderr, asked)
		require.Contains(t, r.stderr, "SOURCE:OBJECT:ID")
	}
}
