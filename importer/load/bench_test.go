package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/perrecord"
	"github.com/projectrye/rye-import/internal/pgtest"
)

const benchRecords = 5_000 // a batch

// contacts makes a batch of records as they come of a weekly export: each a person with an employer, an owner and
// an address.
func contacts() *graph.Batch {
	b := &graph.Batch{}
	for i := range int64(benchRecords) {
		id := fmt.Sprintf("003%012dAAN", i)
		b.Records = append(b.Records, graph.Record{
			Rec: i, Kind: graph.KindNode, Object: "Contact", ID: id, Version: january.Add(time.Hour), CreatedAt: january, Line: int32(i) + 2,
			Hash: [16]byte{byte(i), byte(i >> 8)},
		})
		b.Nodes = append(b.Nodes, graph.Node{
			Rec: i, Type: "person", Label: "Zuzana Příkladová", CodePrefix: "CON",
			Properties: fmt.Appendf(nil, `{"first_name":"Zuzana","last_name":"Příkladová","salutation":"Ms.","email":"zuzana.prikladova@muster-%d.example",`+
				`"phone":"+1 (257) 555-0165","title":"Head of Purchasing","department":"Quality","source":"Purchased List",`+
				`"address":{"city":"Ashgrove","country":"United States"}}`, i),
		})
		b.Links = append(
			b.Links,
			graph.Link{Rec: i, Slot: "AccountId", EdgeType: "employs", Source: graph.Ref{Object: "Account", ID: "001000000000001AAN"}, EffectiveFrom: january},
			graph.Link{Rec: i, Slot: "OwnerId", EdgeType: "owned_by", Target: graph.Ref{Object: "Contact", ID: id}, EffectiveFrom: january},
		)
		b.Facts = append(b.Facts, graph.Fact{
			Rec: i, Slot: "contact_info", Type: "contact_info", Key: "default", AssertedAt: january,
			Claim: fmt.Appendf(nil, `{"email":"zuzana.prikladova@muster-%d.example","phone":"+1 (257) 555-0165"}`, i),
		})
	}
	return b
}

// BenchmarkEncode turns a batch into the rows that are copied.
func BenchmarkEncode(b *testing.B) {
	run := &Run{Number: 1, objects: map[string]int32{"Account": 1, "Contact": 2}}
	batch, same := contacts(), make([]bool, benchRecords)
	e := newEncoder()
	m := perrecord.Start(b)
	for b.Loop() {
		out := Staged{Links: make(map[string]int64), Found: make(map[string]int64)}
		require.NoError(b, e.encode(run, 1, batch, same, &out, func(*copyRows) error { return nil }))
		require.Equal(b, int64(benchRecords), out.Found["owned_by"])
	}
	m.Report(benchRecords)
}

// BenchmarkStage copies a batch into staging, which a worker does again and again.
func BenchmarkStage(b *testing.B) {
	pool := pgtest.New(b)
	run, err := Begin(b.Context(), pool, config("crm"))
	require.NoError(b, err)
	b.Cleanup(run.unlock)
	no, err := run.AddFile(b.Context(), File{Path: "Contact.csv", Object: "Contact", Format: "csv", Encoding: "utf-8", SHA256: "00ff", Bytes: 7})
	require.NoError(b, err)
	batch := contacts()
	var first int64
	m := perrecord.Start(b)
	for b.Loop() {
		_, err := run.Stage(b.Context(), no, batch)
		require.NoError(b, err)
		// The numbers of records are their key.
		b.StopTimer()
		first += benchRecords
		renumber(batch, first)
		b.StartTimer()
	}
	m.Report(benchRecords)
}

func renumber(b *graph.Batch, first int64) {
	for i := range b.Records {
		rec := first + int64(i)
		b.Records[i].Rec, b.Nodes[i].Rec, b.Facts[i].Rec = rec, rec, rec
		b.Links[2*i].Rec, b.Links[2*i+1].Rec = rec, rec
	}
}
