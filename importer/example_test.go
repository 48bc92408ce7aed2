package importer_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/source"
)

// Inspect needs no database. Run takes the same arguments and imports.
func ExampleInspect() {
	ctx := context.Background()
	set, err := source.Find(ctx, []string{"../fixtures/salesforce/Contact.csv"}, source.Options{})
	if err != nil {
		panic(err)
	}
	defer set.Close()
	found, err := importer.Inspect(ctx, set, importer.Config{})
	if err != nil {
		panic(err)
	}
	for _, f := range found.Files {
		fmt.Fprintf(os.Stdout, "%s: %d records of %s, told by %s\n", f.Path, f.Records, f.Object, f.Evidence)
		for _, c := range f.Columns[:5] {
			fmt.Fprintf(os.Stdout, "  %s: %s\n", c.Name, strings.Join(c.Uses, ", "))
		}
	}
	// Output:
	// Contact.csv: 76 records of Contact, told by columns Id, LastName and ids that begin with 003 (100 %)
	//   Id: id
	//   IsDeleted: marks deleted records
	//   MasterRecordId: is the same as
	//   AccountId: is the same as, link employs
	//   IsPersonAccount: condition
}
