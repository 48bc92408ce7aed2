package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
)

// undone takes a run back.
func undone(t *testing.T, databaseURL, id string) *report.Undo {
	t.Helper()
	r := command(t, "", "--database-url", databaseURL, "runs", "undo", "--output", "json", id)
	require.Equal(t, exitDone, r.code, "%s\n%s", r.stderr, r.stdout)
	var u report.Undo
	dec := json.NewDecoder(strings.NewReader(r.stdout))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&u), r.stdout)
	return &u
}

// state is the graph and the importer's books without numbers of runs. Counters of codes are not of it: an undo
// keeps the codes for their records.
func state(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	graph := dump(t, pool)
	before, after, _ := strings.Cut(graph, "== counters")
	_, after, _ = strings.Cut(after, "== waiting")
	books := values(t, pool, `
		SELECT concat_ws(' ', o.source, o.object, r.legacy_id, r.content_hash, r.archived, r.line) FROM rye_import.records r JOIN rye_import.objects o USING (object_no)
		UNION ALL
		SELECT concat_ws(' ', 'name', o.object, k.name, x.object, k.legacy_id, k.derived) FROM rye_import.names k
		JOIN rye_import.objects o ON o.object_no = k.lookup_no JOIN rye_import.objects x ON x.object_no = k.object_no
		ORDER BY 1`)
	return ownTime.ReplaceAllString(before+after+strings.Join(books, "\n"), "now")
}

// ownTime is a time that a run gives, and no export.
var ownTime = regexp.MustCompile(`20(2[6-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d:\d\d`)
