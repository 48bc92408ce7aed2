package mapping

import "strings"

// setNone adds a value that means no record.
func (i *ids) setNone(s string) {
	i.none[s] = true
	i.lengths |= 1 << min(len(s), 63)
}

// isNone reports whether a cell says that there is no record. Every cell is asked; most differ in their
// length alone.
func (i *ids) isNone(s string) bool {
	return i.lengths&(1<<min(len(s), 63)) != 0 && i.none[s]
}

// normal brings an id to the one form in which keys are compared and stored.
func (i *ids) normal(id string) string {
	for _, beginning := range i.strip {
		if len(id) > len(beginning) && strings.HasPrefix(id, beginning) {
			id = id[len(beginning):]
			break
		}
	}
	return i.form.normalID(id)
}

// normalID brings an id to the one form in which keys are compared and stored.
func (f Form) normalID(id string) string {
	if f == FormGUID {
		return normalGUID(id)
	}
	if f != FormSalesforce || !isAlphanumeric(id) {
		return id
	}
	switch len(id) {
	case 15:
		return id + salesforceSuffix(id)
	case 18:
		if salesforceSuffix(id[:15]) != id[15:] && (id == strings.ToUpper(id) || id == strings.ToLower(id)) {
			return restoreCase(id)
		}
	}
	return id
}

const suffixAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// restoreCase gives the letters of an id whose case was lost the case that its suffix tells. An id
// whose suffix cannot be meant is left as it is.
func restoreCase(id string) string {
	out := []byte(strings.ToLower(id[:15]))
	suffix := strings.ToUpper(id[15:])
	for i, c := range out {
		bits := strings.IndexByte(suffixAlphabet, suffix[i/5])
		if bits < 0 {
			return id
		}
		if bits&(1<<(i%5)) != 0 {
			if c < 'a' || c > 'z' {
				return id
			}
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out) + suffix
}

// salesforceSuffix makes the three characters that turn a case-sensitive 15-character id into one
// that survives a change of case: one character for each five, with a bit for each capital.
func salesforceSuffix(id string) string {
	var suffix [3]byte
	for group := range suffix {
		bits := 0
		for i := range 5 {
			if c := id[group*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		suffix[group] = suffixAlphabet[bits]
	}
	return string(suffix[:])
}

func isAlphanumeric(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// normalGUID writes a GUID in lower case and without braces; what is none stays as it is.
func normalGUID(id string) string {
	bare := id
	if len(bare) == 38 && bare[0] == '{' && bare[37] == '}' {
		bare = bare[1:37]
	}
	if len(bare) != 36 {
		return id
	}
	for i := range len(bare) {
		switch c := bare[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return id
			}
		case (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f'):
			return id
		}
	}
	return strings.ToLower(bare)
}
