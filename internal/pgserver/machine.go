//go:build linux || darwin

package pgserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// machine is what the search for programs asks of the computer it runs on. It
// exists so that tests can describe other computers.
type machine struct {
	goos   string
	uid    int
	getenv func(string) string

	// glob returns the paths that match, sorted; none when there are none.
	glob func(pattern string) []string

	// program resolves the symbolic links of an executable file. It fails when
	// there is no such file.
	program func(path string) (string, error)

	// exists tells whether there is a file.
	exists func(path string) bool

	// output runs a program and returns what it printed.
	output func(program string, args ...string) (string, error)
}

func thisMachine(getenv func(string) string) machine {
	return machine{
		goos:   runtime.GOOS,
		uid:    os.Geteuid(),
		getenv: getenv,
		glob: func(pattern string) []string {
			// The only error is a bad pattern, and the patterns are constants.
			paths, _ := filepath.Glob(pattern)
			return paths
		},
		program: realProgram,
		exists: func(path string) bool {
			_, err := os.Stat(path)
			return err == nil
		},
		output: func(program string, args ...string) (string, error) {
			// Printing a version takes milliseconds; what takes longer is broken.
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, args...)
			cmd.Env = childEnv(getenv, filepath.Dir(program))
			out, err := cmd.Output()
			return string(out), err
		},
	}
}

func realProgram(path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("%q is not a program", resolved)
	}
	return resolved, nil
}
