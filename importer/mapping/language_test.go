package mapping

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// object A of a mapping, of which a test says what it becomes in line 6.
const objectA = `mapping: x
objects:
  A:
    recognise: {all: [Id]}
    key: [Id]
`

// firstLine is an error without the excerpt of the mapping below it.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func TestParse_Errors(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, in, want string }{
		{"Empty", "", `the mapping is empty`},
		{"Comment", "# nothing\n", `the mapping is empty`},
		{"NoYAML", "mapping: [", `reading the mapping: [1:10] sequence end token ']' not found`},
		{"Tab", objectA + "\tnode: {type: org}\n", "reading the mapping: [6:1] found character '\t' that cannot start any token"},
		{"Text", "a mapping\n", `reading the mapping: [1:1] string was used where mapping is expected`},
		{"List", "- a\n- b\n", `reading the mapping: [1:1] sequence was used where mapping is expected`},
		{"InvalidUTF8", "mapping: x\n\xff", `reading the mapping: [2:1] non-map value is specified`},
		{"Anchor", objectA + "    node: *nowhere\n", `reading the mapping: [6:12] could not find alias "nowhere"`},

		// Unknown keys, at every depth and through every form that a value may have.
		{"KeyOfMapping", "mapping: x\nfoo: 1\n", `reading the mapping: [2:1] unknown field "foo"`},
		{"KeyOfIDs", "mapping: x\nids: {shape: text}\n", `reading the mapping: [2:7] unknown field "shape"`},
		{"KeyOfObject", objectA + "    nodes: {type: org}\n", `reading the mapping: [6:5] unknown field "nodes"; did you mean "node"?`},
		{"KeyInCapitals", objectA + "    Node: {type: org}\n", `reading the mapping: [6:5] unknown field "Node"; did you mean "node"?`},
		{"KeyOfNode", objectA + "    node: {type: org, lable: Name}\n", `reading the mapping: [6:23] unknown field "lable"; did you mean "label"?`},
		{"KeyOfValue", objectA + "    node:\n      properties:\n        a: {colum: Name}\n", `reading the mapping: [8:13] unknown field "colum"; did you mean "column"?`},
		{"KeyOfValueInFirst", objectA + "    node: {properties: {a: {first: [Name, {colum: X}]}}}\n", `reading the mapping: [6:44] unknown field "colum"; did you mean "column"?`},
		{"KeyOfValueInObject", objectA + "    node: {properties: {a: {object: {b: {colum: X}}}}}\n", `reading the mapping: [6:42] unknown field "colum"; did you mean "column"?`},
		{"KeyOfRefInValue", objectA + "    node: {properties: {a: {ref: {object: A, column: X}}}}\n", `reading the mapping: [6:46] unknown field "column"`},
		{"KeyOfCondition", objectA + "    node: {choose: [{when: {equal: {a: [b]}}}]}\n", `reading the mapping: [6:29] unknown field "equal"; did you mean "equals"?`},
		{"KeyOfLink", objectA + "    node: {type: org}\n    links:\n      - {type: e, to: {id: Y}, until_: [Z]}\n", `reading the mapping: [8:32] unknown field "until_"; did you mean "until"?`},
		{"KeyOfFact", objectA + "    node: {type: org}\n    facts:\n      - {type: f, needs: [a]}\n", `reading the mapping: [8:19] unknown field "needs"; did you mean "need"?`},
		{"KeyOfStage", objectA + "    stage: {define: true, name: Label}\n", `reading the mapping: [6:27] unknown field "name"`},
		{"KeyOfSame", objectA + "    same: [{as: {id: B}, dead: true}]\n", `reading the mapping: [6:26] unknown field "dead"`},
		{"KeyOfEdgeEnd", objectA + "    edge:\n      from: {object: A, id: X, nope: 1}\n      to: {id: Y}\n", `reading the mapping: [7:32] unknown field "nope"`},
		{"KeyOfEvent", objectA + "    event: {type: e, when: [Date]}\n", `reading the mapping: [6:22] unknown field "when"`},
		{"KeyOfParticipant", objectA + "    participant: {roles: x}\n", `reading the mapping: [6:19] unknown field "roles"; did you mean "role"?`},

		// Keys that stand twice, values of the wrong kind.
		{"Twice", objectA + "    node: {type: org}\n    node: {type: person}\n", `reading the mapping: [7:5] mapping key "node" already defined at [6:5]`},
		{"ObjectTwice", objectA + "    node: {type: org}\n  A:\n    key: [Id]\n", `reading the mapping: [7:3] mapping key "A" already defined at [3:3]`},
		{"Version", "mapping: x\nversion: one\n", `reading the mapping: [2:10] cannot unmarshal string into Go struct field Mapping.Revision of type int`},
		{"ListExpected", objectA + "    require: Name\n", `reading the mapping: [6:14] string was used where sequence is expected`},
		{"ValueIsList", objectA + "    node: {properties: {a: [x]}}\n", `reading the mapping: [6:28] sequence was used where mapping is expected`},
		{"RefIsText", objectA + "    node: {type: org}\n    links:\n      - {type: e, to: AccountId}\n", `reading the mapping: [8:23] string was used where mapping is expected`},
		{"RefObjectIsMap", objectA + "    same: [{as: {object: {a: b}, id: B}}]\n", `reading the mapping: [6:26] mapping was used where sequence is expected`},
		{"DropIsList", objectA + "    drop: [a, b]\n", `reading the mapping: [6:11] sequence was used where mapping is expected`},

		// What is there but makes no mapping.
		{"NoName", "objects:\n  A:\n    recognise: {all: [Id]}\n    key: [Id]\n    node: {type: org}\n", `checking the mapping: mapping: the name is missing`},
		{"NoObjects", "mapping: x\n", `checking the mapping: objects: there are none`},
		{"NilObject", "mapping: x\nobjects: {A: }\n", `checking the mapping: objects.A: is empty`},
		{"Form", objectA + "    node: {type: org}\nids: {form: giud}\n", `checking the mapping: ids.form: unknown form "giud"; did you mean "guid"?`},
		{"NoKind", objectA, `checking the mapping: objects.A: has 0 of node, event, edge, participant and a defining stage, and needs one`},
		{"TwoKinds", objectA + "    node: {type: org}\n    event: {type: e}\n", `checking the mapping: objects.A: has 2 of node, event, edge, participant and a defining stage, and needs one`},
		{"StageIsNoKind", objectA + "    stage: {label: L}\n", `checking the mapping: objects.A: has 0 of node, event, edge, participant and a defining stage, and needs one`},
		{
			"NodeAndDefiningStage", objectA + "    node: {type: org}\n    stage: {define: true, label: L}\n",
			`checking the mapping: objects.A: has 2 of node, event, edge, participant and a defining stage, and needs one`,
		},
		{"LinksOfEvent", objectA + "    event: {type: e}\n    links:\n      - {type: l, to: {id: X}}\n", `checking the mapping: objects.A.links: only a node has links`},
		{"LinkWithoutEnd", objectA + "    node: {type: org}\n    links:\n      - {type: l}\n", `checking the mapping: objects.A.links[0]: needs one of from and to`},
		{
			"LinkWithTwoEnds", objectA + "    node: {type: org}\n    links:\n      - {type: l, to: {id: X}}\n      - {type: m, from: {id: X}, to: {id: Y}}\n",
			`checking the mapping: objects.A.links[1]: needs one of from and to`,
		},
		{"LinkWithoutType", objectA + "    node: {type: org}\n    links:\n      - {to: {id: X}}\n", `checking the mapping: objects.A.links[0].type: is missing`},
		{"FactWithoutType", objectA + "    node: {type: org}\n    facts:\n      - {claim: {a: X}}\n", `checking the mapping: objects.A.facts[0].type: is missing`},
		{"FactOnNothing", objectA + "    event: {type: e}\n    facts:\n      - {type: f}\n", `checking the mapping: objects.A.facts[0].on: is missing, and the record is no node itself`},
		{"MergedByName", objectA + "    node: {type: org}\n    names: {name: N}\n    merged: {object: A, by: name, id: X}\n", `checking the mapping: objects.A.merged: records that were merged are named by their ids only`},
		{"MergedOfAny", objectA + "    node: {type: org}\n    merged: {id: X}\n", `checking the mapping: objects.A.merged.object: name the one object that the ids belong to`},
		{"MergedOfWhat", objectA + "    node: {type: org}\n    merged: {object: B, id: X}\n", `checking the mapping: objects.A: a reference by X names the object "B", which there is not`},
		{"MergedDefault", objectA + "    node: {type: org}\n    merged: {object: A, id: X, default: y}\n", `checking the mapping: objects.A.merged.default: a record into which nothing was merged names none`},
		{"MergedEvent", objectA + "    event: {type: e}\n    merged: {object: A, id: X}\n", `checking the mapping: objects.A.merged: only records that are nodes are merged`},
		{
			"All", "objects:\n  B: {node: {type: org}}\n  A:\n",
			`checking the mapping: mapping: the name is missing; objects.A: is empty; ` +
				`objects.B.key: is missing; objects.B.recognise: names no column`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			m, err := Parse([]byte(tc.in))
			require.Error(t, err)
			require.Equal(t, tc.want, firstLine(err))
			require.Nil(t, m)
		})
	}
}

// TestParse_Excerpt shows the line that is wrong to people, without the colors of a terminal.
func TestParse_Excerpt(t *testing.T) {
	t.Parallel()

	_, err := Parse([]byte("mapping: x\ntitle: X\nobject: {}\n"))
	require.EqualError(t, err, `reading the mapping: [3:1] unknown field "object"; did you mean "objects"?
   1 | mapping: x
   2 | title: X
>  3 | object: {}
       ^
`)
}

func TestParse_Values(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, in, want string }{
		{"TimeZone", objectA + "    node: {type: org}\ntime_zone: Mars/Olympus\n", `checking the mapping: time_zone: there is no zone "Mars/Olympus"; give one as Europe/Prague or UTC`},
		{"Type", objectA + "    node: {properties: {a: {column: X, as: coins}}}\n", `checking the mapping: object A: type "coins" is unknown`},
		{"TypeInCapitals", objectA + "    node: {label: {column: X, as: Text}}\n", `checking the mapping: object A: type "Text" is unknown; did you mean "text"?`},
		{"TypeOfConst", objectA + "    node: {label: {const: a, as: word}}\n", `checking the mapping: object A: type "word" is unknown`},
		{"TypeInJoin", objectA + "    node: {label: {join: [{column: X, as: a}, {first: [{column: X, as: b}]}]}}\n", `checking the mapping: object A: type "a" is unknown; type "b" is unknown`},
		{"TypeInObject", objectA + "    node: {properties: {a: {object: {b: {column: X, as: c}}}}}\n", `checking the mapping: object A: type "c" is unknown`},
		{"TypeInChoice", objectA + "    node: {choose: [{properties: {a: {column: X, as: c}}}]}\n", `checking the mapping: object A: type "c" is unknown`},
		{"TypeInClaim", objectA + "    node: {type: org}\n    facts:\n      - {type: f, claim: {a: {column: X, as: c}}}\n", `checking the mapping: object A: type "c" is unknown`},
		{"Const", objectA + "    node: {properties: {a: {const: .nan}}}\n", `checking the mapping: object A: const: json: unsupported value: NaN`},
		{"Times", objectA + "    node: {properties: {a: {column: X, times: .inf}}}\n", `checking the mapping: object A: times is no finite number`},
		{"TimesNaN", objectA + "    node: {properties: {a: {column: X, times: .nan}}}\n", `checking the mapping: object A: times is no finite number`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			m, err := Parse([]byte(tc.in))
			require.EqualError(t, err, tc.want)
			require.Nil(t, m)
		})
	}
}

func TestCompile_NoObject(t *testing.T) {
	t.Parallel()

	_, err := parse(t, objectA+"    node: {type: org}\n").Compile("B", []string{"Id"}, Settings{})
	require.EqualError(t, err, `mapping x has no object "B"`)
}

func TestParse_Defaults(t *testing.T) {
	t.Parallel()

	m := parse(t, objectA+"    node: {type: org, label: Name}\n    links:\n      - {type: l, to: {object: A, id: B}}\n      - {type: m, to: {object: [A, C], id: B}}\nothers: [C]\n")
	require.Equal(t, FormText, m.IDs.Form)
	require.Equal(t, "UTC", m.TimeZone)
	require.Equal(t, Value{Column: "Name"}, *m.Objects["A"].Node.Label)
	require.Equal(t, NameList{"A"}, m.Objects["A"].Links[0].To.Objects)
	require.Equal(t, NameList{"A", "C"}, m.Objects["A"].Links[1].To.Objects)
}

// TestParse_Keys has conditions whose keys YAML takes for something else than text.
func TestParse_Keys(t *testing.T) {
	t.Parallel()

	for _, key := range []string{"true", `"true"`, "'true'", "True"} {
		m, err := Parse([]byte(objectA + "    deleted: {" + key + ": [Gone], \"false\": [Kept]}\n    node: {type: org}\n"))
		if key == "True" {
			require.ErrorContains(t, err, `unknown field "True"`)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, &Flag{True: []string{"Gone"}, False: []string{"Kept"}}, m.Objects["A"].Deleted, key)
	}
	m := parse(t, objectA+"    node: {type: org, properties: {a: {column: X, map: {true: high, false: low, null: none, 007: Bond, 1.50: x}}}}\n")
	require.Equal(t, map[string]string{"true": "high", "false": "low", "null": "none", "007": "Bond", "1.50": "x"}, m.Objects["A"].Node.Properties["a"].Map)
}

func TestParse_Refs(t *testing.T) {
	t.Parallel()

	m := parse(t, objectA+"    edge:\n      from: {object: A, id: X}\n      to: [{object: A, id: Y}, {object: B, id: Z}]\nothers: [B]\n")
	require.Equal(t, Refs{{Objects: NameList{"A"}, ID: Value{Column: "X"}}}, m.Objects["A"].Edge.From)
	require.Equal(t, Refs{{Objects: NameList{"A"}, ID: Value{Column: "Y"}}, {Objects: NameList{"B"}, ID: Value{Column: "Z"}}}, m.Objects["A"].Edge.To)
}

func TestVersion(t *testing.T) {
	t.Parallel()

	text := objectA + "    node: {type: org}\nversion: 3\n"
	m := parse(t, text)
	require.Regexp(t, regexp.MustCompile(`^x/3/[0-9a-f]{16}$`), m.Version())
	require.Equal(t, m.Version(), parse(t, text).Version())
	require.NotEqual(t, m.Version(), parse(t, text+"# no change but in the text\n").Version())
}

func TestBuiltin(t *testing.T) {
	t.Parallel()

	require.Contains(t, Names(), "salesforce")
	for _, name := range Names() {
		m, err := Builtin(name)
		require.NoError(t, err)
		require.Equal(t, name, m.Name)
		require.NotEmpty(t, m.Title)

		for object, o := range m.Objects {
			if prefix := o.Recognise.Prefix; prefix != "" {
				require.Equal(t, object, m.IDs.Prefixes[prefix])
			}
			_, err := m.Compile(object, []string{"Id"}, Settings{})
			require.NoError(t, err)
		}
	}

	for _, name := range []string{"", ".", "..", "nope", "Salesforce", "salesforce.yaml"} {
		_, err := Builtin(name)
		require.EqualError(t, err, `there is no mapping "`+name+`"; there are: `+strings.Join(Names(), ", "))
	}
}

func TestRecordObjects(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
ids: {prefixes: {"001": Prefix}}
others: [Actor, ChoiceFrom, ChoiceTo, EdgeFrom, EdgeTo, EventParticipant, FactOn, LinkFrom, LinkTo, LinkTo2,
  ParticipantEvent, ParticipantNode, Same, StageOn, StagePipeline]
objects:
  Node:
    recognise: {all: [Id]}
    key: [Id]
    same: [{as: {object: Same, id: A}}]
    node: {type: n}
    links: [{type: l, from: {object: LinkFrom, id: A}}, {type: l, to: {object: [LinkTo, LinkTo2], id: A}}]
    facts: [{type: f, "on": {object: FactOn, id: A}}]
  Event:
    recognise: {all: [Id]}
    key: [Id]
    event: {type: e, actor: {object: Actor, id: A}, participants: [{role: r, node: {object: EventParticipant, id: A}}]}
  Edge:
    recognise: {all: [Id]}
    key: [Id]
    edge:
      from: {object: EdgeFrom, id: A}
      to: [{object: EdgeTo, id: A}]
      choose: [{from: {object: ChoiceFrom, id: A}, to: {object: ChoiceTo, id: A}}]
  Participant:
    recognise: {all: [Id]}
    key: [Id, Other]
    participant: {role: r, event: {object: ParticipantEvent, id: A}, node: {object: ParticipantNode, id: A}}
  Stage:
    recognise: {all: [Id]}
    key: [Label]
    stage: {define: true, pipeline: {object: StagePipeline, id: A}, "on": {object: StageOn, id: A}}
`)
	require.Equal(t, []string{
		"Actor", "ChoiceFrom", "ChoiceTo", "Edge", "EdgeFrom", "EdgeTo", "Event", "EventParticipant", "FactOn", "LinkFrom", "LinkTo", "LinkTo2",
		"Node", "Participant", "ParticipantEvent", "ParticipantNode", "Prefix", "Same", "Stage", "StageOn", "StagePipeline",
	}, m.RecordObjects())
	require.Equal(t, map[string]string{"Node": "Id", "Event": "Id", "Edge": "Id", "Participant": "Id", "Stage": "Label"}, m.KeyColumns())
}

// TestParse_ExtendsNothing changes nothing of the built-in mappings: what comes of them is what they say.
func TestParse_ExtendsNothing(t *testing.T) {
	t.Parallel()

	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			want := builtinNamed(t, name)
			got, err := Parse([]byte("extends: " + name + "\n"))
			require.NoError(t, err)
			require.Equal(t, want.Objects, got.Objects)
			require.Equal(t, want.Drop, got.Drop)
			require.Equal(t, want.IDs, got.IDs)
		})
	}
}
