package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer/mapping"
)

// loadConfig reads the config file, which has a default for each flag under the flag's name with
// underscores, and keeps what it says for applyConfig.
func loadConfig(c *cli.Context) error {
	path := c.String("config")
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return usagef("reading the config file: %w", err)
	}
	known := takesValue(append(runFlags(), c.App.Flags...))
	for _, name := range []string{"config", "help", "h", "version", "v"} {
		delete(known, name)
	}
	values, err := parseConfig(text, known)
	if err != nil {
		return usagef("%s: %w", path, err)
	}
	c.App.Metadata = map[string]any{"config": values}
	return applyConfig(c)
}

// applyConfig sets those of a command's flags that neither the command line nor the environment has
// set to what the config file says. An empty variable is as good as none.
func applyConfig(c *cli.Context) error {
	values, ok := c.App.Metadata["config"].(map[string]string)
	if !ok {
		return nil
	}
	own := c.App.Flags
	if c.Command != nil && c.Command.Name != c.App.Name {
		own = c.Command.Flags
	}
	for _, f := range own {
		name := f.Names()[0]
		if v, ok := values[name]; ok && (!c.IsSet(name) || c.Value(name) == "") {
			if err := c.Set(name, v); err != nil {
				return usagef("config file, %s: %w", strings.ReplaceAll(name, "-", "_"), err)
			}
		}
	}
	return nil
}

// parseConfig reads a config file: one scalar for each key, in which ${VAR} is replaced by the
// environment. It gives the values by flag.
func parseConfig(text []byte, known map[string]bool) (map[string]string, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	values := make(map[string]string)
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		pairs, ok := doc.Body.(ast.MapNode)
		if !ok {
			return nil, fmt.Errorf("line %d: a config file has lines as: max_rejects: 5%%", doc.Body.GetToken().Position.Line)
		}
		for it := pairs.MapRange(); it.Next(); {
			key := it.Key().GetToken().Value
			fail := func(format string, args ...any) error {
				return fmt.Errorf("line %d: %s: %w", it.Key().GetToken().Position.Line, key, fmt.Errorf(format, args...))
			}
			flag := strings.ReplaceAll(key, "_", "-")
			if _, ok := known[flag]; !ok || strings.Contains(key, "-") {
				return nil, fail("there is no such key; keys are the long flags of run, with underscores")
			}
			if _, ok := values[flag]; ok {
				return nil, fail("the key stands here twice")
			}
			scalar, ok := it.Value().(ast.ScalarNode)
			if !ok {
				return nil, fail("one value is wanted")
			}
			if _, ok := scalar.(*ast.NullNode); ok {
				continue
			}
			if values[flag], err = expand(scalarText(scalar)); err != nil {
				return nil, fail("%w", err)
			}
		}
	}
	return values, nil
}

// scalarText gives a value as it was written.
func scalarText(n ast.ScalarNode) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	}
	return n.GetToken().Value
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${VAR} by the environment. A variable that is not set is an error: a nightly run
// must not go to an empty database URL.
func expand(text string) (string, error) {
	var missing []string
	out := variable.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		v, ok := os.LookupEnv(name)
		if !ok {
			missing = append(missing, name)
		}
		return v
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("environment variable %s is not set", strings.Join(missing, ", "))
	}
	return out, nil
}

func readMapping(path string) (*mapping.Mapping, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usagef("reading the mapping: %w", err)
	}
	m, err := mapping.Parse(text)
	if err != nil {
		return nil, usagef("%s: %w", path, err)
	}
	return m, nil
}
