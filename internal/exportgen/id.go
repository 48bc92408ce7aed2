package exportgen

// kind is an object with its key prefix; its number keeps the draws of objects apart.
type kind struct {
	prefix string
	number uint64
}

// The objects that have ids of their own.
var (
	kindAccount         = kind{"001", 1}
	kindContact         = kind{"003", 2}
	kindLead            = kind{"00Q", 3}
	kindOpportunity     = kind{"006", 4}
	kindRole            = kind{"00K", 5}
	kindHistory         = kind{"008", 6}
	kindTask            = kind{"00T", 7}
	kindEvent           = kind{"00U", 8}
	kindUser            = kind{"005", 9}
	kindCampaign        = kind{"701", 10}
	kindMember          = kind{"00v", 11}
	kindNote            = kind{"002", 12}
	kindRelation        = kind{"07k", 13}
	kindRecordType      = kind{"012", 14}
	kindBusinessProcess = kind{"019", 15}
	kindStage           = kind{"01J", 16}
)

const (
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	checksumText = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

	// idGap leaves room between neighbouring ids, as in a system where others create records too.
	idGap = 5
)

// id writes the 18-character id of record i.
func (g *generator) id(r *row, k kind, i int) {
	r.open()
	r.buf = g.appendID(r.buf, k, i)
	r.buf = appendChecksum(r.buf, r.buf[len(r.buf)-15:])
	r.shut()
}

// shortID writes the 15-character id of record i, as the weekly export does for record types.
func (g *generator) shortID(r *row, k kind, i int) {
	r.open()
	r.buf = g.appendID(r.buf, k, i)
	r.shut()
}

// appendID appends 15 characters: the key prefix, the instance, four zeros and a number in base 62
// that rises with i.
func (g *generator) appendID(buf []byte, k kind, i int) []byte {
	buf = append(buf, k.prefix...)
	buf = append(buf, g.prefix...)
	buf = append(buf, "0000000000"...)

	n := mix(g.seed^k.number)>>34 + uint64(i)*idGap + mix(g.seed^k.number<<56^uint64(i))%idGap
	for at := len(buf) - 1; n > 0; at-- {
		buf[at] = base62[n%62]
		n /= 62
	}
	return buf
}

// appendChecksum appends the three characters that say which of the fifteen are capitals: one for
// each group of five, bit i set if character i is a capital.
func appendChecksum(buf, id []byte) []byte {
	for group := range 3 {
		bits := 0
		for i, c := range id[group*5 : group*5+5] {
			if c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		buf = append(buf, checksumText[bits])
	}
	return buf
}
