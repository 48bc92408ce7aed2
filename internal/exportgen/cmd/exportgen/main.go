// Command exportgen writes a Salesforce weekly export of any size and prints what it wrote as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/projectrye/rye-import/internal/exportgen"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "exportgen:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	var opts exportgen.Options
	flags := flag.NewFlagSet("exportgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "export", "folder to write to")
	flags.Float64Var(&opts.ChangePercent, "change", 0, "percentage of all records to change")
	flags.StringVar(&opts.Prefix, "prefix", exportgen.DefaultPrefix, "instance part of the ids, two characters")
	flags.IntVar(&opts.Records, "records", 100_000, "number of records of all objects together")
	flags.Uint64Var(&opts.Seed, "seed", 1, "what names, amounts, dates and links are drawn from")
	if err := flags.Parse(args); err != nil {
		return err
	}

	manifest, err := exportgen.Write(*out, opts)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(manifest)
}
