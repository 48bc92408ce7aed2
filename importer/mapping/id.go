package mapping

// normalID brings an id to the one form in which keys are compared and stored.
func (f Form) normalID(id string) string {
	if f == FormSalesforce && len(id) == 15 && isAlphanumeric(id) {
		return id + salesforceSuffix(id)
	}
	return id
}

// salesforceSuffix makes the three characters that turn a case-sensitive 15-character id into one
// that survives a change of case: one character for each five, with a bit for each capital.
func salesforceSuffix(id string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	var suffix [3]byte
	for group := range suffix {
		bits := 0
		for i := range 5 {
			if c := id[group*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		suffix[group] = alphabet[bits]
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
