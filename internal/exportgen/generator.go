package exportgen

import (
	"fmt"
	"math"
	"strconv"
)

const (
	hour = int64(3600)
	day  = 24 * hour

	// firstDay and lastDay bound the 36 months in which the records were created: 2021-01-01 to
	// the end of 2023-12-31.
	firstDay = int64(18628) * day
	lastDay  = int64(19723)*day - 1
)

// Of 1,000 records, this many are of each object; what the others leave are contacts, about 200.
// Users, campaigns and the set-up objects are counted apart, see newCounts.
const (
	accountShare     = 40
	leadShare        = 60
	opportunityShare = 100
	roleShare        = 100
	historyShare     = 250
	taskShare        = 100
	eventShare       = 50
	memberShare      = 50
	noteShare        = 30
	relationShare    = 19
)

// counts holds the number of records of each object that is not of a fixed size.
type counts struct {
	accounts, contacts, leads, opportunities, roles, history, tasks, events, users, campaigns, members, notes, relations int
}

// newCounts divides the records among the objects. There is a user for 2,000 records, at least 10,
// and a campaign for 20,000, at least 3.
func newCounts(records int) counts {
	share := func(perMille int) int { return int(int64(records) * int64(perMille) / 1000) }
	c := counts{
		accounts:      share(accountShare),
		leads:         share(leadShare),
		opportunities: share(opportunityShare),
		roles:         share(roleShare),
		history:       share(historyShare),
		tasks:         share(taskShare),
		events:        share(eventShare),
		users:         max(10, records/2000),
		campaigns:     max(3, records/20000),
		members:       share(memberShare),
		notes:         share(noteShare),
		relations:     share(relationShare),
	}
	others := c.accounts + c.leads + c.opportunities + c.roles + c.history + c.tasks + c.events + c.users + c.campaigns +
		c.members + c.notes + c.relations + len(pipelines)*2 + len(stages)
	c.contacts = records - others
	return c
}

// generator computes the records of one export. Its sums grow while Opportunity.csv is written;
// nothing else changes.
type generator struct {
	n      counts
	prefix string
	seed   uint64

	changedContacts, changedDeals int

	// accountStep shuffles the accounts under their contacts and deals, see accountOf.
	accountStep int

	sums [3]int64
}

func newGenerator(opts Options) (*generator, error) {
	if opts.Records < MinRecords {
		return nil, fmt.Errorf("%d records are too few for an export; at least %d", opts.Records, MinRecords)
	}
	if opts.Prefix == "" {
		opts.Prefix = DefaultPrefix
	}
	if !validPrefix(opts.Prefix) {
		return nil, fmt.Errorf("prefix %q is no instance of an id; two characters of 0-9A-Za-z", opts.Prefix)
	}

	g := &generator{n: newCounts(opts.Records), prefix: opts.Prefix, seed: opts.Seed}

	changeable := g.n.contacts + g.n.opportunities
	most := math.Floor(100 * float64(changeable) / float64(opts.Records))
	if math.IsNaN(opts.ChangePercent) || opts.ChangePercent < 0 || opts.ChangePercent > most {
		return nil, fmt.Errorf("%v percent of the records cannot change; 0 to %v", opts.ChangePercent, most)
	}
	changed := int(math.Round(float64(opts.Records) * opts.ChangePercent / 100))
	g.changedDeals = int(int64(changed) * int64(g.n.opportunities) / int64(changeable))
	g.changedContacts = changed - g.changedDeals

	g.accountStep = g.n.accounts*618/1000 | 1
	for gcd(g.accountStep, g.n.accounts) > 1 {
		g.accountStep++
	}
	return g, nil
}

func validPrefix(prefix string) bool {
	for _, c := range []byte(prefix) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(prefix) == 2
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

func (g *generator) amounts() map[string]string {
	sums := make(map[string]string, len(currencies))
	for i, c := range currencies {
		if c.decimals == 0 {
			sums[c.code] = strconv.FormatInt(g.sums[i], 10)
			continue
		}
		sums[c.code] = fmt.Sprintf("%d.%02d", g.sums[i]/100, g.sums[i]%100)
	}
	return sums
}

// Groups. Contacts and deals come in neighbouring runs, a run to an account, and the runs take the
// accounts in shuffled order: so the contacts of any account can be named without a table, and yet
// the files are not sorted by account.

// group returns the run of record i when n records form the given number of runs.
func group(i, n, groups int) int { return int(int64(i) * int64(groups) / int64(n)) }

// first returns the first record of a run.
func first(run, n, groups int) int {
	return int((int64(run)*int64(n) + int64(groups) - 1) / int64(groups))
}

// accountOf returns the account of a run. The step shares no factor with the number of accounts, so
// no two runs have the same.
func (g *generator) accountOf(run int) int {
	return int(int64(run) * int64(g.accountStep) % int64(g.n.accounts))
}

func (g *generator) contactRun(contact int) int { return group(contact, g.n.contacts, g.n.accounts) }

func (g *generator) dealRun(deal int) int { return group(deal, g.n.opportunities, g.n.accounts) }

// contactIn returns the nth contact of a run, starting over after the last.
func (g *generator) contactIn(run, nth int) int {
	from := first(run, g.n.contacts, g.n.accounts)
	return from + nth%(first(run+1, g.n.contacts, g.n.accounts)-from)
}

// changes says whether record i is one of the changed ones: they are spread evenly over the n.
func changes(i, n, changed int) bool {
	return int64(i+1)*int64(changed)/int64(n) > int64(i)*int64(changed)/int64(n)
}

// Times.

// accountCreated lets the accounts arrive evenly over the months.
func (g *generator) accountCreated(i int) int64 {
	span := lastDay - firstDay - 30*day
	at := firstDay + span*int64(i)/int64(g.n.accounts)
	return office(at + int64(g.draw(kindAccount, drawPair, i).below(int(30*day))))
}

// office moves a time into working hours of its day, 06:00 to 18:00 UTC.
func office(at int64) int64 { return at - at%day + 6*hour + at%day/2 }

// later returns a working time up to the given number of days after at, within the 36 months.
func later(r *rng, at int64, days int) int64 {
	latest := min(at+int64(days)*day, lastDay)
	if latest <= at {
		return at
	}
	return max(at, min(office(at+int64(r.below(int(latest-at)))), lastDay))
}

// modified writes LastModifiedDate, LastModifiedById and SystemModstamp.
func (g *generator) modified(r *row, at int64, by int) {
	r.time(at)
	g.id(r, kindUser, by)
	r.time(at)
}

// created writes CreatedDate and CreatedById.
func (g *generator) created(r *row, at int64, by int) {
	r.time(at)
	g.id(r, kindUser, by)
}

// changedAt is when a changed record was last modified: in the week after the base export.
func (g *generator) changedAt(k kind, i int) int64 {
	return office(lastDay + 1 + int64(g.draw(k, drawChange, i).below(int(7*day))))
}
