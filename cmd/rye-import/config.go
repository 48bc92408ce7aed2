package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/internal/spell"
)

// defaultConfig is the config file that sync looks for in the current folder.
const defaultConfig = "rye-import.yaml"

// configKey is where the config file is kept among the metadata of the program.
const configKey = "config"

// config is what a config file says.
type config struct {
	path    string
	values  map[string]string // by flag
	sources []sourceConfig    // in the order of the file
}

// setting is a value of the config file as it was written, and where.
type setting struct {
	text string
	line int
}

// loadConfig reads the config file, which has a default for each flag under the flag's name with
// underscores, and keeps what it says for applyConfig.
func loadConfig(c *cli.Context) error {
	path := c.String("config")
	if path == "" {
		return nil
	}
	return loadConfigFile(c, path)
}

func loadConfigFile(c *cli.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return usagef("reading the config file: %w", err)
	}
	cfg, err := parseConfig(text, knownKeys(c.App.Flags))
	if err != nil {
		return usagef("%s: %w", path, err)
	}
	cfg.path = path
	for _, name := range pathFlags() {
		if v, ok := cfg.values[name]; ok {
			cfg.values[name] = cfg.beside(v)
		}
	}
	c.App.Metadata[configKey] = cfg
	return applyValues(c, c.App.Flags, cfg.values)
}

// loadedConfig gives the config file, or nil if there is none.
func loadedConfig(c *cli.Context) *config {
	cfg, _ := c.App.Metadata[configKey].(*config)
	return cfg
}

// knownKeys are the flags that a config file may have, and whether they take a value.
func knownKeys(global []cli.Flag) map[string]bool {
	known := takesValue(slices.Concat(runFlags(), operationFlags(), syncFlags(), global))
	for _, name := range []string{"config", "help", "h", "version", "v"} {
		delete(known, name)
	}
	return known
}

// pathFlags are the flags that name files. In a config file they are relative to it.
func pathFlags() []string { return []string{"mapping", "metrics-file", "rejects"} }

// beside gives a path of the config file as seen from the current folder.
func (cfg *config) beside(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(cfg.path), path)
}

// applyConfig sets those of a command's flags that neither the command line nor the environment has
// set to what the config file says. An empty variable is as good as none.
func applyConfig(c *cli.Context) error {
	cfg := loadedConfig(c)
	if cfg == nil || c.Command == nil {
		return nil
	}
	return applyValues(c, c.Command.Flags, cfg.values)
}

func applyValues(c *cli.Context, flags []cli.Flag, values map[string]string) error {
	for _, f := range flags {
		name := f.Names()[0]
		if v, ok := values[name]; ok && (!c.IsSet(name) || c.Value(name) == "") {
			if err := c.Set(name, v); err != nil {
				return usagef("config file, %s: %w", configName(name), err)
			}
		}
	}
	return nil
}

// configName is how a config file calls a flag.
func configName(flag string) string { return strings.ReplaceAll(flag, "-", "_") }

// parseConfig reads a config file: one scalar for each key, in which ${VAR} is replaced by the
// environment, and the sources.
func parseConfig(text []byte, known map[string]bool) (*config, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	cfg := &config{values: make(map[string]string)}
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
			line := it.Key().GetToken().Position.Line
			fail := func(err error) error { return fmt.Errorf("line %d: %s: %w", line, key, err) }
			if key == "sources" {
				if cfg.sources != nil {
					return nil, fail(errTwice)
				}
				if cfg.sources, err = parseSources(it.Value(), known); err != nil {
					return nil, err
				}
				continue
			}
			flag := strings.ReplaceAll(key, "_", "-")
			if _, ok := known[flag]; !ok || strings.Contains(key, "-") {
				return nil, fail(fmt.Errorf("there is no such key; keys are sources and the long flags of run, with underscores%s",
					spell.Suggest(configName(key), append(keysOf(known), "sources"))))
			}
			if _, ok := cfg.values[flag]; ok {
				return nil, fail(errTwice)
			}
			scalar, err := scalarOf(it.Value())
			if err != nil {
				return nil, fail(err)
			}
			if scalar == nil {
				continue
			}
			if cfg.values[flag], err = expand(scalar.text); err != nil {
				return nil, fail(err)
			}
		}
	}
	return cfg, nil
}

var errTwice = errors.New("the key stands here twice")

// scalarOf gives a value as it was written, or nil if it is null.
func scalarOf(n ast.Node) (*setting, error) {
	s := &setting{line: n.GetToken().Position.Line}
	switch n := n.(type) {
	case *ast.NullNode:
		return nil, nil
	case *ast.StringNode:
		s.text = n.Value
	case *ast.LiteralNode:
		s.text = n.Value.Value
	case ast.ScalarNode:
		s.text = n.GetToken().Value
	default:
		return nil, errors.New("one value is wanted")
	}
	return s, nil
}

// keysOf gives the keys of a config file that there are, sorted.
func keysOf(known map[string]bool) []string {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, configName(name))
	}
	slices.Sort(names)
	return names
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
