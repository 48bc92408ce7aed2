package main

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

const examples = "../../docs/examples/"

// TestExamples checks the mappings that the documentation shows.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(examples + "*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		m, err := mapping.Parse(text)
		require.NoError(t, err, path)
		require.Equal(t, strings.TrimSuffix(filepath.Base(path), ".yaml"), m.Name)
		for name := range m.Objects {
			_, err := m.Compile(name, nil, mapping.Settings{})
			require.NoError(t, err, path)
		}
	}
}

// TestExample_Bitrix24 has a stage that the table of stages does not know, a deal that stands twice,
// and history.
func TestExample_Bitrix24(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "companies.csv", csvFile("company_id|name|inn|city|industry|created_at", "C1|ООО Ромашка|0000000001|Пермь|Торговля|2026-01-05T09:00:00+05:00"))
	write(t, dir, "contacts.csv", csvFile("contact_id|company_id|name|phone|email|created_at", "P1|C1|Олег Ивушкин|8 (912) 000-00-01|oleg@example.com|2026-01-05T09:10:00+05:00"))
	write(t, dir, "users.csv", csvFile("user_id|name|role|active|department|email", "U1|Вера Лугина|sales_manager|true|Продажи|vera@example.com"))
	write(t, dir, "deals.csv", csvFile("deal_id|title|created_at|updated_at|stage_id|manager_id|company_id|contact_id|source|expected_amount|currency|closed_at|lost_reason|custom_deadline",
		"D1|Склад|2026-01-06T10:00:00+05:00|2026-01-09T10:00:00+05:00|WON|U1|C1|P1|Avito|1500.50|RUB|2026-01-09T10:00:00+05:00||2026-02-01",
		"D2|Двери|06.01.2026 10:00|2026-01-07T10:00:00+05:00|WAIT|U1|C1||avito|200.00||||",
		"D2|Двери, двойные|06.01.2026 10:00|2026-01-08T10:00:00+05:00|NEW|U1|C1||avito|300.00||||"))
	write(t, dir, "stages.csv", csvFile("pipeline_id|stage_id|stage_name|sort_order|is_final|is_success",
		"sales-main|NEW|Новая заявка|10|false|false", "sales-main|WON|Успешно|80|true|true", "sales-main|LOST|Проиграно|90|true|false"))
	write(t, dir, "history.csv", csvFile("event_id|deal_id|old_stage_id|new_stage_id|changed_at|changed_by_id",
		"E1|D1||NEW|2026-01-06T10:00:00+05:00|U1", "E2|D1|NEW|WON|2026-01-09T10:00:00+05:00|U1"))
	write(t, dir, "activities.csv", csvFile("activity_id|deal_id|activity_type|direction|subject|responsible_user_id|completed|deadline_at|completed_at",
		"A1|D1|call|outbound|Звонок|U1|true|2026-01-06T12:00:00+05:00|2026-01-06T13:00:00+05:00"))

	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	args := []string{"--mapping", examples + "bitrix24.yaml", "--source", "b24", dir}
	s := imported(t, url, exitRejects, args...)
	require.True(t, s.Balanced)
	require.Equal(t, report.Counts{"duplicate_id": 1}, s.Rejects.ByCode, "the deal as it was before")
	require.Equal(t, int64(2), s.Objects["Deal"].Created)
	require.Equal(t, []string{
		"Двери, двойные|новая_заявка||2026-01-08 05:00:00",
		"Склад|новая_заявка||2026-01-06 05:00:00",
		"Склад|closed_won|новая_заявка|2026-01-09 05:00:00",
	}, values(t, pool, `SELECT concat_ws('|', n.label, a.claim->>'stage', coalesce(a.claim->>'moved_from', ''), (a.asserted_at AT TIME ZONE 'UTC')::text)
		FROM rye.assertions a JOIN rye.nodes n ON n.id = a.subject_node_id WHERE a.assertion_type = 'deal_stage' ORDER BY n.label COLLATE "C", a.asserted_at`))
	require.Equal(t, []string{
		"assigned_to Двери, двойные Вера Лугина", "assigned_to Склад Вера Лугина", "employs ООО Ромашка Олег Ивушкин",
		"primary_contact Склад Олег Ивушкин", "targets Двери, двойные ООО Ромашка", "targets Склад ООО Ромашка",
	}, values(t, pool, `SELECT e.edge_type || ' ' || s.label || ' ' || g.label FROM rye.edges e JOIN rye.nodes s ON s.id = e.source_id
		JOIN rye.nodes g ON g.id = e.target_id WHERE e.edge_type <> 'pipeline_member' ORDER BY (e.edge_type || ' ' || s.label || ' ' || g.label) COLLATE "C"`))
	require.Equal(t, "+79120000001", value[string](t, pool, "SELECT properties->>'phone' FROM rye.nodes WHERE label = 'Олег Ивушкин'"))
	again := imported(t, url, exitDone, args...)
	require.Zero(t, again.Graph)
}

// TestExample_LegacyPeople reads each row as a company and as a person.
func TestExample_LegacyPeople(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	header := "Company_ID|Company_Name|Phone|www|Account_Manager|address1|city|zip code|country|IsCustomer|IsSupplier|Language|"
	write(t, dir, "people.csv", csvFile(header+"Contact First Name|Contact Last Name|Contact Email|Contact Title",
		"C1|Vélo BV|02 555 01|www.velo.example|Noor|Kade 1|Gent|9000|Belgique|1|0|Dutch|Ann|Maes|ann@velo.example|Mrs",
		"C1|Vélo BV|02 555 01|www.velo.example|Noor|Kade 1|Gent|9000|BE|1|0|Dutch|Bo|Maes||Mr",
		"C2|Rail SA|||Noor|||||||French||||"))
	write(t, dir, "companies.csv", csvFile(header+"Image|", "C3|Vapeur|||Luc|||||||French|v.png|"))

	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	args := []string{"--mapping", examples + "legacy-people.yaml", "--source", "legacy", dir}
	s := imported(t, url, exitDone, args...)
	require.True(t, s.Balanced)
	require.Empty(t, s.Rejects.ByCode)
	require.Equal(t, report.Object{Read: 4, Created: 3, Filtered: 1}, countsOf(s.Objects["Company"]), "one stands beside both of its people")
	require.Equal(t, report.Object{Read: 3, Created: 2, Filtered: 1}, countsOf(s.Objects["Person"]))
	require.Equal(t, []string{
		"employs Vélo BV Ann Maes", "employs Vélo BV Bo Maes", "owned_by Rail SA Noor", "owned_by Vapeur Luc", "owned_by Vélo BV Noor",
	}, values(t, pool, `SELECT e.edge_type || ' ' || s.label || ' ' || g.label FROM rye.edges e JOIN rye.nodes s ON s.id = e.source_id
		JOIN rye.nodes g ON g.id = e.target_id ORDER BY (e.edge_type || ' ' || s.label || ' ' || g.label) COLLATE "C"`))
	require.Equal(t, "BE", value[string](t, pool, "SELECT properties->'address'->>'country' FROM rye.nodes WHERE label = 'Vélo BV'"))
	require.Equal(t, "[]", value[string](t, pool, `SELECT coalesce(jsonb_agg(k), '[]')::text FROM rye.nodes, jsonb_object_keys(properties) k
		WHERE label = 'Ann Maes' AND k IN ('Company_Name', 'city', 'Phone')`), "the company's columns are the company's")
	again := imported(t, url, exitDone, args...)
	require.Zero(t, again.Graph)
}

func countsOf(o report.Object) report.Object {
	return report.Object{
		Read: o.Read, Created: o.Created, Updated: o.Updated, Unchanged: o.Unchanged, Archived: o.Archived, Missing: o.Missing, Rejected: o.Rejected, Filtered: o.Filtered,
	}
}

// weekly are lists of deals that are saved every week and loaded one after the other.
type weekly struct {
	t    *testing.T
	url  string
	pool *pgxpool.Pool
}

func newWeekly(t *testing.T) *weekly {
	t.Helper()
	url := pgtest.Clone(t)
	return &weekly{t: t, url: url, pool: pgtest.Connect(t, url)}
}

func (w *weekly) load(path string) report.Object {
	w.t.Helper()
	s := imported(w.t, w.url, exitDone, "--mapping", examples+"pipeline-hygiene.yaml", "--source", "deals", "--archive-missing", "--max-archive", "50", path)
	require.True(w.t, s.Balanced)
	return countsOf(s.Objects["Deal"])
}

// deals gives what the graph has of each deal, without the properties that are left out.
func (w *weekly) deals(without ...string) map[string]string {
	w.t.Helper()
	state := make(map[string]string)
	for _, line := range values(w.t, w.pool, `SELECT m.source_id || '|' || concat_ws(' ', (n.properties - coalesce($1::text[], '{}'))::text,
			(SELECT jsonb_object_agg(a.assertion_type, a.claim) FROM rye.current_assertions a WHERE a.subject_node_id = n.id)::text)
		FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id
		WHERE m.source_table = 'Deal' AND n.archived_at IS NULL`, without) {
		id, rest, _ := strings.Cut(line, "|")
		state[id] = rest
	}
	return state
}

// changed lists what two states both have, in different ways.
func changed[V comparable](before, after map[string]V) []string {
	var ids []string
	for id, was := range before {
		if is, ok := after[id]; ok && is != was {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// added lists what only the second of two states has.
func added[V any](before, after map[string]V) []string {
	var ids []string
	for id := range after {
		if _, ok := before[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// readTable reads a CSV file.
func readTable(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows
}

// respelled is a table as another program writes it: the columns from the last to the first and one more
// that follows from others, semicolons, dates with the day first, decimal commas, everything quoted, CRLF.
func respelled(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		row = slices.Clone(row)
		for j, cell := range row {
			if d, err := time.Parse(time.DateOnly, cell); err == nil {
				row[j] = d.Format("02.01.2006")
			} else if i > 0 && rows[0][j] == "amount" {
				row[j] = strings.Replace(cell, ".", ",", 1)
			}
		}
		slices.Reverse(row)
		derived := "12"
		if i == 0 {
			derived = "days_in_stage"
		}
		for j, cell := range append(row, derived) {
			if j > 0 {
				b.WriteByte(';')
			}
			b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// week is a week's list of invented deals.
func week(rows ...string) string {
	return csvFile(append([]string{"opp_id|account|opp_name|owner|stage|amount|currency|created_date|close_date|last_activity_date|next_step|next_step_date|forecast_category|contact_count|product_line|stage_entered_date|close_date_changes"}, rows...)...)
}

// TestExample_Weekly loads two lists of invented deals, and then the second one in another spelling.
func TestExample_Weekly(t *testing.T) {
	t.Parallel()
	w := newWeekly(t)
	dir := t.TempDir()
	first := write(t, dir, "week1.csv", week(
		`O-1|Kestrel "K" Ltd|Kestrel lamps|Ilse Vantongeren|develop|1000.50|USD|2026-01-14|2026-06-30|2026-02-01|Send offer; by mail|2026-03-15|pipeline|2|Lamps|2026-02-20|0`,
		`O-2|Borealis|Borealis masts|Bram Öz|propose|20000.00|USD|2026-01-25|2026-05-31|2026-02-02|Call, then write|2026-03-16|commit|4|Masts|2026-02-21|1`,
		`O-3|Borealis|Borealis sails|Bram Öz|qualify||USD|2026-01-26|2026-07-31|2026-02-03|||omitted|0|Sails|2026-02-22|0`))
	require.Equal(t, report.Object{Read: 3, Created: 3}, w.load(first))
	require.Equal(t, int64(2), value[int64](t, w.pool, "SELECT count(*) FROM rye.nodes WHERE node_type = 'org'"), "Borealis is one")
	before := w.deals()

	second := write(t, dir, "week2.csv", week(
		`O-2|Borealis|Borealis masts|Bram Öz|closed_won|20000.00|USD|2026-01-25|2026-03-20|2026-03-20|||commit|4|Masts|2026-03-20|1`,
		`O-3|Borealis|Borealis sails|Bram Öz|qualify||USD|2026-01-26|2026-07-31|2026-03-19|||omitted|0|Sails|2026-02-22|0`,
		`O-4|Cirrus|Cirrus tent|Ilse Vantongeren|prospect|0.00|USD|2026-03-13|2026-09-30|2026-03-18|Ring|2026-03-28|pipeline|1|Tents|2026-03-14|0`))
	require.Equal(t, report.Object{Read: 3, Created: 1, Updated: 1, Unchanged: 1, Missing: 1}, w.load(second))
	after := w.deals()
	require.Equal(t, []string{"O-2"}, changed(before, after))
	require.Equal(t, []string{"O-4"}, added(before, after))
	require.Equal(t, []string{"O-1"}, added(after, before))
	require.NotContains(t, after["O-2"], "Call, then write", "the next step was crossed out")

	prints := fingerprint(t, w.pool)
	again := write(t, dir, "again.csv", respelled(readTable(t, second)))
	require.Equal(t, report.Object{Read: 3, Unchanged: 3}, w.load(again))
	require.Equal(t, prints, fingerprint(t, w.pool))
}

// delta is what the snapshots' own manifest says of a week.
type delta struct {
	From       string                               `json:"from"`
	To         string                               `json:"to"`
	Added      map[string][]string                  `json:"added"`
	Cleared    map[string][]string                  `json:"cleared"`
	Introduced map[string][]string                  `json:"introduced"`
	Pushed     map[string]struct{ New string }      `json:"close_dates_pushed"`
	Closed     map[string]struct{ Stage string }    `json:"closed"`
	Moved      map[string]struct{ From, To string } `json:"stage_transitions"`
}

// TestSamples_Weekly loads four snapshots of real size in order and compares what happened to the graph
// with their manifest, then the last one in another spelling.
func TestSamples_Weekly(t *testing.T) {
	t.Parallel()
	const dir = "../../../shared/data/generic/Doogit__pipeline-hygiene/"
	text, err := os.ReadFile(dir + "delta_manifest.json")
	if os.IsNotExist(err) {
		t.Skip("the sample exports are not on this machine")
	}
	require.NoError(t, err)
	var manifest struct{ Deltas []delta }
	require.NoError(t, json.Unmarshal(text, &manifest))
	require.Len(t, manifest.Deltas, 3)

	w := newWeekly(t)
	snapshot := func(day string) string { return dir + "opps_" + day + ".csv" }
	last := snapshotRows(t, snapshot(manifest.Deltas[0].From))
	require.Equal(t, report.Object{Read: 400, Created: 400}, w.load(snapshot(manifest.Deltas[0].From)))
	for _, d := range manifest.Deltas {
		before, told := w.deals(), w.deals("next_step_date")
		rows := snapshotRows(t, snapshot(d.To))
		differ, gone := changed(last, rows), added(rows, last)
		got := w.load(snapshot(d.To))
		after := w.deals()

		require.Equal(t, report.Object{
			Read: int64(len(rows)), Created: int64(len(d.Added)), Updated: int64(len(differ)), Missing: int64(len(gone)),
			Unchanged: int64(len(rows) - len(d.Added) - len(differ)),
		}, got, d.To)
		require.Equal(t, slices.Sorted(maps.Keys(d.Added)), added(before, after), d.To)
		require.Equal(t, differ, changed(before, after), d.To)
		require.Empty(t, added(after, before), "the manifest takes no deal away")

		// What the manifest says happened, and nothing else but the next step's day, which moves on in most deals
		// and which it does not speak of.
		named, happened := make(map[string]bool), make(map[string]bool)
		for id, m := range d.Moved {
			happened[id] = true
			require.Contains(t, after[id], `"stage": "`+m.To+`"`, id)
			require.Contains(t, after[id], `"moved_from": "`+m.From+`"`, id)
		}
		for id, c := range d.Closed {
			happened[id] = true
			require.Contains(t, after[id], `"stage": "`+c.Stage+`"`, id)
		}
		for id, p := range d.Pushed {
			happened[id] = true
			require.Contains(t, after[id], `"close_date": "`+p.New+`"`, id)
		}
		maps.Copy(named, happened)
		for _, rules := range []map[string][]string{d.Cleared, d.Introduced} {
			for id := range rules {
				named[id] = true
			}
		}
		really := changed(told, w.deals("next_step_date"))
		require.Subset(t, slices.Collect(maps.Keys(named)), really, d.To)
		require.Subset(t, really, slices.Collect(maps.Keys(happened)), d.To)
		last = rows
	}

	path := snapshot(manifest.Deltas[2].To)
	prints := fingerprint(t, w.pool)
	again := write(t, t.TempDir(), "again.csv", respelled(readTable(t, path)))
	require.Equal(t, report.Object{Read: int64(len(last)), Unchanged: int64(len(last))}, w.load(again))
	require.Equal(t, prints, fingerprint(t, w.pool))
}

// snapshotRows gives the rows of a snapshot by the ids of the deals, without what the mapping drops.
func snapshotRows(t *testing.T, path string) map[string]string {
	t.Helper()
	table := readTable(t, path)
	drop := slices.Index(table[0], "last_activity_date")
	require.Positive(t, drop)
	rows := make(map[string]string, len(table)-1)
	for _, row := range table[1:] {
		rows[row[0]] = strings.Join(slices.Delete(slices.Clone(row), drop, drop+1), "|")
	}
	return rows
}
