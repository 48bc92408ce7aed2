// Package mapschema makes the JSON Schema of mappings from the structs that they are read into, so that
// editors complete what the importer reads, and nothing else.
package mapschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/projectrye/rye-import/importer/mapping"
)

// ID is where the schema is published.
const ID = "https://raw.githubusercontent.com/projectrye/rye-import/main/docs/mapping.schema.json"

// schema is a JSON Schema, with its keywords in the order in which they are read best.
type schema struct {
	Schema               string             `json:"$schema,omitempty"`
	ID                   string             `json:"$id,omitempty"`
	Title                string             `json:"title,omitempty"`
	Description          string             `json:"description,omitempty"`
	Ref                  string             `json:"$ref,omitempty"`
	Type                 any                `json:"type,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	AnyOf                []*schema          `json:"anyOf,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"`
	Defs                 map[string]*schema `json:"$defs,omitempty"`
}

// Generate makes the schema. The sources are those of package mapping, whose comments become the
// descriptions and whose constants the words that there are.
func Generate(sources fs.FS) ([]byte, error) {
	g := &generator{comments: make(map[string]string), words: make(map[string][]string), defs: make(map[string]*schema)}
	if err := g.read(sources); err != nil {
		return nil, err
	}
	root := g.object(reflect.TypeFor[mapping.Mapping]())
	root.Schema, root.ID, root.Title = "https://json-schema.org/draft/2020-12/schema", ID, "rye-import mapping"
	root.AnyOf = []*schema{{Required: []string{"mapping", "objects"}}, {Required: []string{"extends"}}}
	root.Defs = g.defs
	if len(g.errs) > 0 {
		return nil, fmt.Errorf("making the schema of mappings: %s", strings.Join(g.errs, "; "))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

type generator struct {
	comments map[string]string   // by type, and by type and field
	words    map[string][]string // the constants of a type
	defs     map[string]*schema
	errs     []string
}

// read gathers comments and constants.
func (g *generator) read(sources fs.FS) error {
	names, err := fs.Glob(sources, "*.go")
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(sources, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok {
				g.declaration(d)
			}
		}
	}
	return nil
}

func (g *generator) declaration(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			g.comments[s.Name.Name] = sentence(d.Doc, s.Doc)
			if st, ok := s.Type.(*ast.StructType); ok {
				for _, f := range st.Fields.List {
					for _, name := range f.Names {
						g.comments[s.Name.Name+"."+name.Name] = sentence(f.Doc, f.Comment)
					}
				}
			}
		case *ast.ValueSpec:
			name, ok := s.Type.(*ast.Ident)
			if d.Tok != token.CONST || !ok || len(s.Values) != 1 {
				continue
			}
			lit, ok := s.Values[0].(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				continue
			}
			// The empty word is what a mapping says by saying nothing.
			if word, err := strconv.Unquote(lit.Value); err == nil && word != "" {
				g.words[name.Name] = append(g.words[name.Name], word)
				if c := sentence(s.Comment); c != "" {
					g.comments[name.Name+"="+word] = c
				}
			}
		}
	}
}

// sentence gives the first comment that there is as one line.
func sentence(groups ...*ast.CommentGroup) string {
	for _, c := range groups {
		if text := strings.Join(strings.Fields(c.Text()), " "); text != "" {
			return text
		}
	}
	return ""
}

// object makes the schema of a struct: its keys and no others.
func (g *generator) object(t reflect.Type) *schema {
	s := &schema{Type: "object", Description: g.comments[t.Name()], Properties: make(map[string]*schema), AdditionalProperties: false}
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		if key == "" {
			continue
		}
		p := g.optional(g.of(f.Type))
		if c := g.comments[t.Name()+"."+f.Name]; c != "" {
			if p.Ref != "" { // its own description is that of the definition
				p = &schema{AnyOf: []*schema{p}}
			}
			p.Description = c
		}
		s.Properties[key] = p
	}
	return s
}

// optional lets a null stand in place of a value: it takes away what the extended mapping has.
func (g *generator) optional(s *schema) *schema {
	null := &schema{Type: "null"}
	switch {
	case s.Ref != "" || s.Enum != nil:
		return &schema{AnyOf: []*schema{s, null}}
	case s.AnyOf != nil:
		s.AnyOf = append(s.AnyOf, null)
	default:
		switch t := s.Type.(type) {
		case string:
			s.Type = []string{t, "null"}
		case []string:
			s.Type = append(slices.Clone(t), "null")
		}
	}
	return s
}

// The types that are read from more than one form. See the UnmarshalYAML of each.
var (
	typeValue = reflect.TypeFor[mapping.Value]()
	typeFlag  = reflect.TypeFor[mapping.Flag]()
	oneOrMany = map[reflect.Type]bool{
		reflect.TypeFor[mapping.NameList](): true, reflect.TypeFor[mapping.Refs](): true, reflect.TypeFor[mapping.Values](): true, reflect.TypeFor[mapping.Times](): true,
	}
)

// of makes the schema of a type.
func (g *generator) of(t reflect.Type) *schema {
	if t.Kind() == reflect.Pointer {
		return g.of(t.Elem())
	}
	switch {
	case t == typeValue:
		return g.define("Value", func() *schema {
			return &schema{Description: g.comments["Value"], AnyOf: []*schema{{Type: "string", Description: "a column, taken as text"}, g.object(t)}}
		})
	case t == typeFlag:
		return g.define("Flag", func() *schema {
			return &schema{Description: g.comments["Flag"], AnyOf: []*schema{{Type: "string", Description: "a column that says yes or no"}, g.of(reflect.TypeFor[mapping.When]())}}
		})
	case oneOrMany[t]:
		return g.define(t.Name(), func() *schema {
			one := g.of(t.Elem())
			return &schema{Description: g.comments[t.Name()], AnyOf: []*schema{one, {Type: "array", Items: one}}}
		})
	case len(g.words[t.Name()]) > 0:
		return g.define(t.Name(), func() *schema { return &schema{Description: g.wordList(t.Name()), Enum: g.words[t.Name()]} })
	}
	switch t.Kind() {
	case reflect.Struct:
		return g.define(t.Name(), func() *schema { return g.object(t) })
	case reflect.Map:
		of := g.of(t.Elem())
		if t.Elem().Kind() == reflect.String && of.Ref == "" {
			of = &schema{Type: []string{"string", "number", "boolean"}} // people write 1 and mean "1"
		}
		return &schema{Type: "object", AdditionalProperties: g.optional(of)}
	case reflect.Slice:
		return &schema{Type: "array", Items: g.of(t.Elem())}
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Int:
		return &schema{Type: "integer"}
	case reflect.Float64:
		return &schema{Type: "number"}
	case reflect.Interface:
		return &schema{}
	}
	g.errs = append(g.errs, "there is no schema of the type "+t.String())
	return &schema{}
}

// wordList describes words by what is said of each.
func (g *generator) wordList(name string) string {
	parts := make([]string, 0, len(g.words[name]))
	for _, w := range g.words[name] {
		if c := g.comments[name+"="+w]; c != "" {
			w += ": " + c
		}
		parts = append(parts, w)
	}
	return strings.TrimSuffix(g.comments[name], ".") + " (" + strings.Join(parts, "; ") + ")"
}

// define makes a schema once, under a name by which all others refer to it.
func (g *generator) define(name string, of func() *schema) *schema {
	if g.defs[name] == nil {
		g.defs[name] = &schema{} // types refer to themselves
		*g.defs[name] = *of()
	}
	return &schema{Ref: "#/$defs/" + name}
}
