package decode_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/projectrye/rye-import/importer/decode"
)

func ExampleNewReader() {
	const export = "Id,LastName\n003A,Smith\n003B,\"Jones\n003C,Brown\n"
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(export)), nil }

	profile, err := decode.Scan(context.Background(), open, decode.Options{})
	if err != nil {
		panic(err)
	}
	file, err := open()
	if err != nil {
		panic(err)
	}
	reader, err := decode.NewReader(file, profile, decode.Options{})
	if err != nil {
		panic(err)
	}
	defer reader.Close()
	for {
		record, err := reader.Read()
		var bad *decode.RecordError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &bad):
			fmt.Fprintln(os.Stdout, bad)
		case err != nil:
			panic(err)
		default:
			fmt.Fprintln(os.Stdout, record.Line, record.Cells)
		}
	}
	// Output:
	// 2 [003A Smith]
	// line 3, column "LastName": bad_quote: a quote opens the cell and is not closed before the next row begins
	// 4 [003C Brown]
}
