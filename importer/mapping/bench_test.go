package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

func BenchmarkMap(b *testing.B) {
	for _, object := range []string{"Contact", "Opportunity"} {
		b.Run(object, func(b *testing.B) {
			header, rows := readRecords(b, object)
			plan, err := salesforce(b).Compile(object, header, Settings{})
			require.NoError(b, err)
			m := plan.NewMapper()
			batch := &graph.Batch{}
			b.ReportAllocs()
			for b.Loop() {
				// A batch is reused, as the pipeline does.
				batch.Records, batch.Nodes, batch.Links = batch.Records[:0], batch.Nodes[:0], batch.Links[:0]
				batch.Facts, batch.Events, batch.Participants, batch.Stages = batch.Facts[:0], batch.Events[:0], batch.Participants[:0], batch.Stages[:0]
				if _, err := m.Map(batch, 1, 2, rows[0]); err != nil {
					b.Fatal(err)
				}
			}
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
