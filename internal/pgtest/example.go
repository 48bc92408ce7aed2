package pgtest

import (
	"fmt"
	"os"
	"testing"
)

// Example gives what stands for the testing.TB that an example lacks, and what ends it, for defer.
// Where a test would fail, it panics.
func Example() (tb testing.TB, end func()) {
	e := new(example)
	return e, e.end
}

type example struct {
	testing.TB // nil: this package calls nothing but the methods below
	cleanups   []func()
	failed     bool
}

func (e *example) Helper() {}

func (e *example) Failed() bool { return e.failed }

func (e *example) Cleanup(f func()) { e.cleanups = append(e.cleanups, f) }

func (e *example) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (e *example) Errorf(format string, args ...any) {
	e.failed = true
	e.Logf(format, args...)
}

func (e *example) FailNow() {
	e.failed = true
	panic("the example failed")
}

func (e *example) end() {
	for len(e.cleanups) > 0 {
		last := e.cleanups[len(e.cleanups)-1]
		e.cleanups = e.cleanups[:len(e.cleanups)-1]
		last()
	}
}
