package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/draft"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/source"
)

// Draft writes a mapping for files that no mapping knows, from their headers and all of their values.
// Files with the same columns are taken for parts of one. The error is a *NoExportError if none of them
// has records.
func Draft(ctx context.Context, set *source.Set, cfg Config) ([]byte, error) {
	cfg = cfg.withDefaults()
	found, err := survey(ctx, set.Files, cfg)
	if err != nil {
		return nil, err
	}
	none := &NoExportError{}
	var files []draft.File
	places := make(map[string]int) // by header or type
	var seen []profiles
	at := func(f *surveyed, key, kind string) int {
		place, ok := places[key]
		if !ok {
			place = len(files)
			places[key] = place
			files, seen = append(files, draft.File{Type: kind}), append(seen, make(profiles))
		}
		if paths := &files[place].Paths; !slices.Contains(*paths, f.file.Path) {
			*paths = append(*paths, f.file.Path)
		}
		return place
	}
	for _, f := range found {
		if !f.hasRecords() || len(f.sample) == 0 {
			note := f.note
			if note == "" {
				note = "it has no records to guess from"
			}
			none.Files = append(none.Files, fmt.Sprintf("%s: %s", f.file.Path, note))
			continue
		}
		header := strings.ToLower(strings.Join(f.profile.Header, "\x00"))
		stated := len(f.profile.Types) > 0
		_, err := walk(ctx, f, cfg, func(rec decode.Record, bad *decode.RecordError) error {
			if bad == nil && (!stated || rec.Type != "") { // others are not mapped, whatever the mapping
				key, kind := header, ""
				if stated {
					key, kind = "\x00"+rec.Type, rec.Type
				}
				place := at(f, key, kind)
				files[place].Records++
				seen[place].add("", rec)
			}
			return nil
		})
		if err != nil {
			return nil, inFile(f.file, err)
		}
	}
	for i := range files {
		if k := seen[i][""]; k != nil {
			files[i].Columns = k.columns
		}
	}
	if len(files) == 0 {
		return nil, none
	}
	text := []byte(draft.Write(files))
	if _, err := mapping.Parse(text); err != nil {
		return nil, fmt.Errorf("the draft cannot be read, which is an error of this program: %w", err)
	}
	return text, nil
}
