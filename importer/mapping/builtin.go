// Package mapping turns the records of a CRM into nodes, links, facts and events, still under the
// keys of the CRM. What becomes of what is data: a mapping, written in YAML, of which some are built
// in. A mapping is compiled for each header that it meets, so that a record costs no look at names.
//
// The package does no I/O and holds no state: the same record always becomes the same values.
package mapping

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

// The built-in mappings are written in the language that users write theirs in.
//
//go:embed builtin/*.yaml
var builtin embed.FS

// Names lists the built-in mappings.
func Names() []string {
	entries, err := builtin.ReadDir("builtin")
	if err != nil {
		return nil // unreachable: the folder is embedded
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return names
}

// Builtin gives a built-in mapping by the name of its CRM.
func Builtin(name string) (*Mapping, error) {
	text, err := Source(name)
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Source gives the text of a built-in mapping.
func Source(name string) ([]byte, error) {
	text, err := builtin.ReadFile(path.Join("builtin", path.Base(name)+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("there is no mapping %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	return text, nil
}
