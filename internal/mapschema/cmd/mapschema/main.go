// Command mapschema writes the JSON Schema of mappings to standard output. It is run in the folder of
// the module.
package main

import (
	"fmt"
	"os"

	"github.com/projectrye/rye-import/internal/mapschema"
)

func main() {
	text, err := mapschema.Generate(os.DirFS("importer/mapping"))
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mapschema:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}
