package mapping

import "testing"

// BenchmarkDetect tells one file by all built-in mappings, as a run does with each of its files.
func BenchmarkDetect(b *testing.B) {
	header := fixtureHeader(b, "Contact")
	row := make([]string, len(header))
	row[0] = "0035g00000InGA1AAN"
	look := Look{Header: header, Sample: [][]string{row}}
	var all []*Mapping
	for _, name := range Names() {
		all = append(all, builtinNamed(b, name))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range all {
			m.Detect(look)
		}
	}
}
