package exportgen

// rng is the SplitMix64 generator: small enough to be seeded anew for each record, which makes
// every record a function of its number.
type rng uint64

// The purposes that records are drawn for beside their own row.
const (
	drawRow = iota
	drawCountry
	drawCompany
	drawPerson
	drawDeal
	drawPair
	drawChange
)

func (g *generator) draw(k kind, purpose, i int) *rng {
	r := rng(mix(mix(g.seed^k.number<<8^uint64(purpose)) + uint64(i)))
	return &r
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (r *rng) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	return mix(uint64(*r))
}

// below returns a number of 0..n-1.
func (r *rng) below(n int) int { return int(r.next() >> 1 % uint64(n)) }

// between returns a number of low..high.
func (r *rng) between(low, high int) int { return low + r.below(high-low+1) }

// oneIn is true once in n times.
func (r *rng) oneIn(n int) bool { return r.below(n) == 0 }

func (r *rng) pick(list []string) string { return list[r.below(len(list))] }
