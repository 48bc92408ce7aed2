package mapping

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// CheckError says what makes no sense in a mapping that can be read.
type CheckError struct {
	Problems []Problem
}

// Problem is one thing that makes no sense.
type Problem struct {
	Line int    // of the text of the mapping; 0 if it is not there, as where the mapping that it extends has it
	Text string // begins with the place, as objects.Contact.links[0].type
}

func (e *CheckError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Text
	}
	return "checking the mapping: " + strings.Join(texts, "; ")
}

var (
	compiledProblem = regexp.MustCompile(`^object ([^:]+): `)
	quotedWord      = regexp.MustCompile(`"([^"]*)"`)
)

// locate finds the line that a problem is about, by the place that it begins with, and where that is no
// more than an object by the word that it quotes.
func locate(text []byte, problem string) int {
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return 0
	}
	place := problem
	if m := compiledProblem.FindStringSubmatch(problem); m != nil {
		place = "objects." + m[1] + ":"
	}
	line, node := followed(file.Docs[0].Body, place, 0)
	if word := quotedWord.FindStringSubmatch(problem); word != nil && node != nil {
		f := &finder{word: word[1]}
		ast.Walk(f, node)
		if f.line > 0 {
			return f.line
		}
	}
	return line
}

// lineOf finds the line on which an object first makes something of a column; 0 if it is not in the text.
func lineOf(text []byte, object, column string) int {
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return 0
	}
	_, node := followed(file.Docs[0].Body, "objects."+object+":", 0)
	pairs, ok := node.(*ast.MappingNode)
	if !ok {
		return 0
	}
	f := &finder{word: column}
	for _, v := range pairs.Values {
		switch v.Key.GetToken().Value {
		case "recognise", "aliases", "drop":
		default:
			ast.Walk(f, v.Value)
		}
	}
	return f.line
}

// followed goes as far along a place as the text has it, and gives the line and the node that it came to.
func followed(n ast.Node, place string, line int) (int, ast.Node) {
	if a, ok := n.(*ast.AnchorNode); ok {
		n = a.Value
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		number, rest, ok := strings.Cut(strings.TrimPrefix(place, "["), "]")
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i < 0 || i >= len(n.Values) {
			return line, n
		}
		return followed(n.Values[i], strings.TrimPrefix(rest, "."), firstLineOf(n.Values[i]))
	case *ast.MappingNode:
		// Names may have dots, so the longest key that fits is meant.
		values := slices.SortedFunc(slices.Values(n.Values), func(a, b *ast.MappingValueNode) int {
			return len(b.Key.GetToken().Value) - len(a.Key.GetToken().Value)
		})
		for _, v := range values {
			key := v.Key.GetToken()
			rest, ok := strings.CutPrefix(place, key.Value)
			if ok && rest != "" && strings.ContainsRune(".[: ", rune(rest[0])) {
				if rest[0] == ':' || rest[0] == ' ' {
					return key.Position.Line, v.Value
				}
				return followed(v.Value, strings.TrimPrefix(rest, "."), key.Position.Line)
			}
		}
	}
	return line, n
}

// finder looks for the first text that is a word.
type finder struct {
	word string
	line int
}

// Visit implements ast.Visitor.
func (f *finder) Visit(n ast.Node) ast.Visitor {
	if t := n.GetToken(); f.line == 0 && t != nil && t.Value == f.word {
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode:
			f.line = t.Position.Line
		}
	}
	return f
}
