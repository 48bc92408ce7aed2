package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/projectrye/rye-import/internal/pick"
	"github.com/projectrye/rye-import/internal/spell"
)

// sourceConfig is a source as the config file describes it. Its values are as written: a variable that
// is not set fails this source and no other.
type sourceConfig struct {
	name   string
	line   int
	paths  []setting
	newest pick.Options
	values map[string]setting // by flag
}

// notOfSource are the keys that stand at the top of the file only.
func notOfSource() []string {
	return []string{
		"database-url", "log-format", "log-level", "no-color", "output", "progress", "retention", "source", "exit-zero-on-rejects",
	}
}

// parseSources reads the sources: a map by name.
func parseSources(n ast.Node, known map[string]bool) ([]sourceConfig, error) {
	pairs, ok := n.(ast.MapNode)
	if !ok {
		return nil, fmt.Errorf("line %d: sources: below it stands the name of each source, as \"salesforce:\", and below that its paths", n.GetToken().Position.Line)
	}
	own := make(map[string]bool)
	for name, value := range known {
		if !slices.Contains(notOfSource(), name) {
			own[name] = value
		}
	}
	sources := []sourceConfig{}
	for it := pairs.MapRange(); it.Next(); {
		token := it.Key().GetToken()
		s := sourceConfig{name: token.Value, line: token.Position.Line, values: make(map[string]setting)}
		fail := func(err error) error { return fmt.Errorf("line %d: sources.%s: %w", s.line, s.name, err) }
		if s.name == "" || strings.ContainsAny(s.name, ":\x00") {
			return nil, fail(errors.New("the name of a source has no colon and is not blank"))
		}
		if slices.ContainsFunc(sources, func(o sourceConfig) bool { return o.name == s.name }) {
			return nil, fail(errors.New("the source stands here twice"))
		}
		keys, ok := it.Value().(ast.MapNode)
		if !ok {
			return nil, fail(errors.New("below the name stand its keys, such as \"paths: exports/*.zip\""))
		}
		if err := s.parse(keys, own); err != nil {
			return nil, err
		}
		if len(s.paths) == 0 {
			return nil, fail(errors.New("it has no paths"))
		}
		if s.newest.PerName && s.newest.Newest == pick.NewestNone {
			return nil, fail(errors.New("newest_per says how newest is meant, which is not there"))
		}
		sources = append(sources, s)
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("line %d: sources: there is none", n.GetToken().Position.Line)
	}
	return sources, nil
}

// parse reads the keys of one source.
func (s *sourceConfig) parse(keys ast.MapNode, known map[string]bool) error {
	seen := make(map[string]bool)
	for it := keys.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		fail := func(err error) error {
			return fmt.Errorf("line %d: sources.%s.%s: %w", it.Key().GetToken().Position.Line, s.name, key, err)
		}
		if seen[key] {
			return fail(errTwice)
		}
		seen[key] = true
		if key == "paths" {
			var err error
			if s.paths, err = listOf(it.Value()); err != nil {
				return fail(err)
			}
			continue
		}
		value, err := scalarOf(it.Value())
		if err != nil {
			return fail(err)
		}
		if value == nil {
			continue
		}
		switch flag := strings.ReplaceAll(key, "_", "-"); {
		case key == "newest":
			if s.newest.Newest = pick.Newest(value.text); !slices.Contains(pick.Rules(), s.newest.Newest) {
				return fail(fmt.Errorf("%q: date or modified", value.text))
			}
		case key == "newest_per":
			switch value.text {
			case "path":
			case "name":
				s.newest.PerName = true
			default:
				return fail(fmt.Errorf("%q: path or name", value.text))
			}
		case key == "optional":
			switch value.text {
			case "false":
			case "true":
				s.newest.Optional = true
			default:
				return fail(fmt.Errorf("%q: true or false", value.text))
			}
		case slices.Contains(notOfSource(), flag):
			if flag == "source" {
				return fail(fmt.Errorf("the key %s above is the name of the source", s.name))
			}
			return fail(errors.New("this stands at the top of the file, for all sources"))
		default:
			if _, ok := known[flag]; !ok || strings.Contains(key, "-") {
				return fail(fmt.Errorf("there is no such key; keys of a source are paths, newest, newest_per, optional and the long flags of run, with underscores%s",
					spell.Suggest(configName(key), append(keysOf(known), "paths", "newest", "newest_per", "optional"))))
			}
			s.values[flag] = *value
		}
	}
	return nil
}

// listOf reads one value, or several.
func listOf(n ast.Node) ([]setting, error) {
	nodes := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	var all []setting
	for _, n := range nodes {
		s, err := scalarOf(n)
		if err != nil || s == nil || s.text == "" || s.text == "-" {
			return nil, errors.New("a path, a pattern as exports/*.zip, or a list of them is wanted")
		}
		all = append(all, *s)
	}
	return all, nil
}

// flags gives what the source says of flags, and below it what the top of the file says.
func (s *sourceConfig) flags(cfg *config) (map[string]string, error) {
	all := make(map[string]string)
	for name, v := range cfg.values {
		all[name] = v
	}
	// Of these, either overrules the other.
	if _, ok := s.values["full"]; ok {
		delete(all, "delta")
	}
	if _, ok := s.values["delta"]; ok {
		delete(all, "full")
	}
	for name, v := range s.values {
		text, err := expand(v.text)
		if err != nil {
			return nil, usagef("%s: line %d: sources.%s.%s: %w", cfg.path, v.line, s.name, configName(name), err)
		}
		if slices.Contains(pathFlags(), name) {
			text = cfg.beside(text)
		}
		all[name] = text
	}
	return all, nil
}

// choose gives what the source reads.
func (s *sourceConfig) choose(cfg *config) (pick.Choice, error) {
	patterns := make([]string, len(s.paths))
	for i, p := range s.paths {
		text, err := expand(p.text)
		if err != nil {
			return pick.Choice{}, usagef("%s: line %d: sources.%s.paths: %w", cfg.path, p.line, s.name, err)
		}
		patterns[i] = cfg.beside(text)
	}
	return pick.Paths(patterns, s.newest)
}
