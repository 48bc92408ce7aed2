package mapping

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// jsonPath leads to a part of a JSON text.
type jsonPath []pathStep

// pathStep is a key of an object, the place of an element, all elements, or those that have a value
// under a key.
type pathStep struct {
	key   string // of an object, or of the elements to be compared
	place int    // of an element; from the end if negative
	equal string // what the elements have under key
	kind  pathKind
}

type pathKind uint8

const (
	pathKey pathKind = iota
	pathPlace
	pathEqual
	pathAll
)

var errPath = errors.New("write keys, places, [key=value] or [*] with dots between them, as 0.name or [primary=true].value")

// parsePath reads a path.
func parsePath(text string) (jsonPath, error) {
	var p jsonPath
	for text != "" {
		var part string
		if strings.HasPrefix(text, "[") {
			end := strings.IndexByte(text, ']')
			if end < 0 {
				return nil, errPath
			}
			part, text = text[1:end], strings.TrimPrefix(text[end+1:], ".")
			key, equal, compares := strings.Cut(part, "=")
			switch {
			case part == "*":
				p = append(p, pathStep{kind: pathAll})
			case isPlace(part):
				p = append(p, placeStep(part))
			case compares && key != "":
				p = append(p, pathStep{kind: pathEqual, key: key, equal: equal})
			default:
				return nil, errPath
			}
			continue
		}
		part, text, _ = strings.Cut(text, ".")
		if i := strings.IndexByte(part, '['); i > 0 {
			part, text = part[:i], strings.TrimSuffix(part[i:]+"."+text, ".")
		}
		if part == "" {
			return nil, errPath
		}
		if isPlace(part) {
			p = append(p, placeStep(part))
		} else {
			p = append(p, pathStep{kind: pathKey, key: part})
		}
	}
	return p, nil
}

// isPlace reports whether a part is the place of an element.
func isPlace(part string) bool {
	_, err := strconv.Atoi(part)
	return err == nil
}

func placeStep(part string) pathStep {
	n, err := strconv.Atoi(part)
	if err != nil {
		return pathStep{} // unreachable: isPlace was asked
	}
	return pathStep{kind: pathPlace, place: n}
}

// of gives what the path leads to in a JSON text, as text; blank if there is nothing. What is no JSON
// has no parts.
func (p jsonPath) of(text string) string {
	var doc any
	if decodeJSON(text, &doc) != nil {
		return ""
	}
	return jsonText(p.in(doc))
}

func (p jsonPath) in(doc any) any {
	for i, step := range p {
		switch d := doc.(type) {
		case map[string]any:
			if step.kind != pathKey {
				return nil
			}
			doc = d[step.key]
		case []any:
			switch step.kind {
			case pathAll:
				var all []any
				for _, e := range d {
					if found := p[i+1:].in(e); found != nil {
						all = append(all, found)
					}
				}
				if all == nil {
					return nil
				}
				return all
			case pathPlace:
				place := step.place
				if place < 0 {
					place += len(d)
				}
				if place < 0 || place >= len(d) {
					return nil
				}
				doc = d[place]
			case pathEqual:
				doc = step.among(d)
			default:
				return nil
			}
		default:
			return nil
		}
	}
	return doc
}

// among gives the first element that has the value under the key.
func (s pathStep) among(elements []any) any {
	for _, e := range elements {
		if o, ok := e.(map[string]any); ok && strings.EqualFold(jsonText(o[s.key]), s.equal) {
			return o
		}
	}
	return nil
}

// decodeJSON reads one JSON text, with its numbers as they are written.
func decodeJSON(text string, into any) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errPath
	}
	return nil
}

// jsonText is a JSON value as the text of a cell.
func jsonText(doc any) string {
	switch d := doc.(type) {
	case nil:
		return ""
	case string:
		return d
	case json.Number:
		return d.String()
	case bool:
		return strconv.FormatBool(d)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return "" // unreachable: it was read from JSON
	}
	return string(text)
}
