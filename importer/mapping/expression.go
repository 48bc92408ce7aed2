package mapping

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// An expression sees the cells of its row and nothing else: no variable, no file, no clock. It has the
// functions of texts and numbers, but none that repeats anything or makes a text longer, so
// that what it costs is bounded by its length and that of its cells.
var expressionFunctions = []string{
	"trim", "trimPrefix", "trimSuffix", "upper", "lower", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix",
	"len", "int", "float", "string", "abs", "ceil", "floor", "round", "max", "min",
}

var errExpressionPart = errors.New("an expression has texts, numbers, cell(\"Name\"), operators, conditions and the functions that docs/mapping.md lists")

// maxExpression bounds the parts of an expression.
const maxExpression = 200

// expressionRow is what an expression is given.
type expressionRow struct {
	Cell func(place int) string `expr:"cell"`
}

// cellNames replaces the names of columns in an expression by their places.
type cellNames struct {
	c   *compiler
	use string
	err error
}

// Visit implements ast.Visitor.
func (n *cellNames) Visit(node *ast.Node) {
	switch part := (*node).(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode, *ast.UnaryNode, *ast.ConditionalNode, *ast.ArrayNode:
	case *ast.IdentifierNode:
		if part.Value != "cell" {
			n.err = errExpressionPart
		}
	case *ast.BinaryNode:
		if part.Operator == ".." {
			n.err = errExpressionPart
		}
	case *ast.BuiltinNode:
		if !slices.Contains(expressionFunctions, part.Name) {
			n.err = errExpressionPart
		}
	case *ast.CallNode:
		n.call(part)
	default:
		n.err = errExpressionPart
	}
}

func (n *cellNames) call(call *ast.CallNode) {
	if callee, ok := call.Callee.(*ast.IdentifierNode); !ok || callee.Value != "cell" {
		n.err = errExpressionPart
		return
	}
	if len(call.Arguments) != 1 {
		n.err = errors.New(`cell needs the name of one column, as cell("Name")`)
		return
	}
	switch name := call.Arguments[0].(type) {
	case *ast.StringNode:
		ast.Patch(&call.Arguments[0], &ast.IntegerNode{Value: n.c.column(name.Value, n.use)})
	case *ast.IntegerNode: // patched before
	default:
		n.err = errors.New(`cell needs the name of a column in quotes, as cell("Name")`)
	}
}

// expression compiles an expression.
func (c *compiler) expression(text, use string) *vm.Program {
	names := &cellNames{c: c, use: use}
	options := make([]expr.Option, 0, 4+len(expressionFunctions))
	options = append(options, expr.Env(expressionRow{}), expr.DisableAllBuiltins(), expr.MaxNodes(maxExpression), expr.Patch(names))
	for _, name := range expressionFunctions {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if names.err != nil {
		err = names.err
	}
	if err != nil {
		c.bad("expr %q: %v", text, err)
		return nil
	}
	return program
}

// errExpression hides what an expression says of the values that it met.
var errExpression = errors.New("the expression of the mapping does not fit the values of the record")

// evaluate runs an expression over a row, and gives its result as text.
func (v *value) evaluate(r *row) (text string, err error) {
	defer func() {
		if recover() != nil { // a function that was given what it cannot take
			text, err = "", errExpression
		}
	}()
	out, err := expr.Run(v.program, expressionRow{Cell: func(place int) string { return r.text(place) }})
	if err != nil {
		return "", errExpression
	}
	switch o := out.(type) {
	case nil:
		return "", nil
	case string:
		return o, nil
	case bool:
		return strconv.FormatBool(o), nil
	case int:
		return strconv.Itoa(o), nil
	case float64:
		if math.IsNaN(o) || math.IsInf(o, 0) {
			return "", errExpression
		}
		return strconv.FormatFloat(o, 'f', -1, 64), nil
	}
	return fmt.Sprint(out), nil
}
