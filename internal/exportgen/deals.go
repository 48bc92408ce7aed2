package exportgen

// maxSteps is the most rows of history that a deal has.
const maxSteps = 5

// deal is an opportunity with its history: step by step what was recorded, the last step being its
// present state.
type deal struct {
	account, run int
	currency     int
	owner        int
	steps        [maxSteps]step
	n            int
}

// step is the state of a deal from a moment on. An amount below zero is no amount.
type step struct {
	at     int64
	stage  int
	amount int64
	close  int64
}

func (d *deal) last() step { return d.steps[d.n-1] }

// stageSince returns when the deal came into its present stage, or 0 when it began there.
func (d *deal) stageSince() int64 {
	for i := d.n - 1; i > 0; i-- {
		if d.steps[i].stage != d.steps[i-1].stage {
			return d.steps[i].at
		}
	}
	return 0
}

// historyOf returns the first row of OpportunityHistory of a deal and how many it has. Two deals
// share four or five rows, divided by chance; so any row can be found without a table.
func (g *generator) historyOf(i int) (from, n int) {
	a := i &^ 1
	if a+1 >= g.n.opportunities {
		from = first(a, g.n.history, g.n.opportunities)
		return from, g.n.history - from
	}
	from = first(a, g.n.history, g.n.opportunities)
	both := first(a+2, g.n.history, g.n.opportunities) - from
	n = 1 + g.draw(kindOpportunity, drawPair, a).below(both-1)
	if i == a {
		return from, n
	}
	return from + n, both - n
}

// dealOfHistory returns the deal of a row of history and which of its rows it is.
func (g *generator) dealOfHistory(rowNumber int) (i, nth int) {
	i = group(rowNumber, g.n.history, g.n.opportunities) &^ 1
	if from, n := g.historyOf(i); rowNumber-from < n {
		return i, rowNumber - from
	}
	from, _ := g.historyOf(i + 1)
	return i + 1, rowNumber - from
}

func (g *generator) dealCreated(i int) int64 {
	return later(g.draw(kindOpportunity, drawPerson, i), g.accountCreated(g.accountOf(g.dealRun(i))), 300)
}

func (g *generator) dealOf(i int) deal {
	draw := g.draw(kindOpportunity, drawDeal, i)
	d := deal{run: g.dealRun(i), owner: draw.below(g.n.users)}
	d.account = g.accountOf(d.run)
	d.currency = g.countryOf(d.account).currency
	_, d.n = g.historyOf(i)

	created := g.dealCreated(i)
	now := step{
		at:     created,
		stage:  draw.below(2),
		close:  created - created%day + int64(draw.between(30, 300))*day,
		amount: newAmount(draw, d.currency),
	}
	d.steps[0] = now
	// The rest of the history lies between the creation and the end of the export, a second apart
	// at least.
	pace := max(1, min(200*day, lastDay-created)/int64(d.n))
	for k := 1; k < d.n; k++ {
		now.at = min(created+int64(k)*pace+int64(draw.below(int(pace))), lastDay-int64(d.n-k))
		kind := draw.below(10)
		switch last := k == d.n-1; {
		case last && draw.below(100) < 15+20*(d.n-2):
			now.stage = stageWon + draw.below(2)
		case kind < 7 && now.stage < stageNegotiation:
			now.stage = min(stageNegotiation, now.stage+draw.between(1, 2))
		case kind < 9 && now.amount >= 0:
			now.amount += now.amount / 20
		default:
			now.close += int64(draw.between(14, 120)) * day
		}
		d.steps[k] = now
	}
	return d
}

// newAmount draws a deal value in minor units. Most are round; one in twenty deals has none.
func newAmount(draw *rng, currency int) int64 {
	if draw.oneIn(20) {
		return -1
	}
	amount := int64(draw.between(50, 5000)) * 100
	if currencies[currency].decimals == 0 {
		return amount * 100
	}
	amount *= 100
	if draw.oneIn(5) {
		amount += int64(draw.below(100))
	}
	return amount
}

// expected is the part of an amount that the probability promises, rounded to minor units.
func expected(amount int64, probability int) int64 {
	if amount < 0 {
		return amount
	}
	return (amount*int64(probability) + 50) / 100
}

func (g *generator) opportunity(r *row, i int) {
	draw := g.draw(kindOpportunity, drawRow, i)
	d := g.dealOf(i)
	now := d.last()
	modifiedAt, stageSince := now.at, d.stageSince()
	if changes(i, g.n.opportunities, g.changedDeals) {
		modifiedAt = g.changedAt(kindOpportunity, i)
		if change := g.draw(kindOpportunity, drawChange, i); stages[now.stage].closed || change.oneIn(2) {
			now.amount = max(now.amount, 0) + int64(change.between(1, 90))*10000
		} else {
			now.stage++
			stageSince = modifiedAt
		}
	}
	s := stages[now.stage]
	decimals := currencies[d.currency].decimals
	if now.amount > 0 {
		g.sums[d.currency] += now.amount
	}

	g.id(r, kindOpportunity, i)
	r.flag(false)
	g.id(r, kindAccount, d.account)
	pipeline := draw.below(len(pipelines))
	g.shortID(r, kindRecordType, pipeline)
	c := g.companyOf(d.account)
	r.text(c.front.text, " ", c.back.text, " - ", draw.pick(products))
	r.prose(draw, 2)
	r.text(s.label)
	r.money(now.amount, decimals)
	r.number(s.probability)
	r.money(expected(now.amount, s.probability), decimals)
	r.date(now.close)
	r.text(dealTypes[pipeline*draw.between(1, 3)])
	r.text(draw.pick(nextSteps))
	r.flag(s.closed)
	r.flag(s.won)
	r.text(s.category)
	r.text(s.forecast)
	r.text(currencies[d.currency].code)
	if draw.oneIn(10) {
		g.id(r, kindCampaign, draw.below(g.n.campaigns))
	} else {
		r.null()
	}
	g.id(r, kindUser, d.owner)
	g.created(r, d.steps[0].at, d.owner)
	r.time(modifiedAt)
	r.time(modifiedAt)
	if stageSince > 0 {
		r.time(stageSince)
	} else {
		r.blank()
	}
}

func (g *generator) history(r *row, i int) {
	number, nth := g.dealOfHistory(i)
	d := g.dealOf(number)
	now := d.steps[nth]
	s := stages[now.stage]
	decimals := currencies[d.currency].decimals

	g.id(r, kindHistory, i)
	g.id(r, kindOpportunity, number)
	g.id(r, kindUser, d.owner)
	r.time(now.at)
	r.text(s.label)
	r.money(now.amount, decimals)
	r.money(expected(now.amount, s.probability), decimals)
	r.date(now.close)
	r.number(s.probability)
	if nth == 0 {
		r.blank()
		r.text(s.category)
		r.blank()
		r.blank()
		r.blank()
	} else {
		was := d.steps[nth-1]
		r.text(stages[was.stage].category)
		r.text(s.category)
		r.text(stages[was.stage].label)
		r.money(was.amount, decimals)
		r.date(was.close)
	}
	if nth+1 < d.n {
		r.time(d.steps[nth+1].at)
	} else {
		r.blank()
	}
	r.text(currencies[d.currency].code)
	r.time(now.at)
	r.flag(false)
}

// role has two rows for two deals: one each, or both for the same, so that some deals have two
// contacts and some none.
func (g *generator) role(r *row, i int) {
	a := i &^ 1
	draw := g.draw(kindRole, drawPair, a)
	number, nth := i, 0
	if a+1 < g.n.opportunities && draw.oneIn(2) {
		number, nth = a+draw.below(2), i-a
	}
	run := g.dealRun(number)
	contact := g.contactIn(run, draw.below(100)+nth)
	at := max(g.dealCreated(number), g.contactCreated(contact))
	by := draw.below(g.n.users)

	g.id(r, kindRole, i)
	g.id(r, kindOpportunity, number)
	g.id(r, kindContact, contact)
	r.text(g.draw(kindRole, drawRow, i).pick(roles))
	r.flag(nth == 0)
	g.created(r, at, by)
	g.modified(r, at, by)
	r.flag(false)
}
