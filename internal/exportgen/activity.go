package exportgen

func (g *generator) campaign(r *row, i int) {
	draw := g.draw(kindCampaign, drawRow, i)
	owner := draw.below(g.n.users)
	start := g.campaignStart(i)
	kind := draw.pick(campaignKind)

	g.id(r, kindCampaign, i)
	r.flag(false)
	r.open()
	r.part(kind)
	r.part(" ")
	r.part(draw.pick(countries[draw.below(len(countries))].cities))
	r.part(" #")
	r.base10(i + 1)
	r.shut()
	if i > 0 && draw.oneIn(4) {
		g.id(r, kindCampaign, draw.below(i))
	} else {
		r.null()
	}
	r.text(kind)
	r.text("Completed")
	r.date(start)
	r.date(start + int64(draw.between(1, 30))*day)
	r.text("EUR")
	r.money(int64(draw.between(5, 500))*10000, 2)
	r.number(draw.below(5000))
	r.flag(false)
	r.prose(draw, 2)
	g.id(r, kindUser, owner)
	g.created(r, start-20*day, owner)
	g.modified(r, start, owner)
}

// campaignStart leaves a month before and two after it within the 36 months.
func (g *generator) campaignStart(i int) int64 {
	return office(firstDay + 30*day + int64(g.draw(kindCampaign, drawPair, i).below(int(lastDay-firstDay-90*day))))
}

// member is a lead one time in four, else a contact; nobody is on two campaigns.
func (g *generator) member(r *row, i int) {
	draw := g.draw(kindMember, drawRow, i)
	campaign := draw.below(g.n.campaigns)
	at := g.campaignStart(campaign) - int64(draw.between(1, 15))*day
	by := draw.below(g.n.users)
	state := draw.below(len(memberStates))

	lead, contact := draw.oneIn(4), group(i, g.n.members, g.n.contacts)
	if lead {
		at = max(at, g.leadCreated(group(i, g.n.members, g.n.leads)))
	} else {
		at = max(at, g.contactCreated(contact))
	}

	g.id(r, kindMember, i)
	r.flag(false)
	g.id(r, kindCampaign, campaign)
	if lead {
		g.id(r, kindLead, group(i, g.n.members, g.n.leads))
		r.null()
	} else {
		r.null()
		g.id(r, kindContact, contact)
	}
	r.text(memberStates[state])
	r.flag(state > 0)
	g.created(r, at, by)
	responded := at + int64(draw.below(int(10*day)))
	if state > 0 {
		g.modified(r, responded, by)
		r.date(responded)
	} else {
		g.modified(r, at, by)
		r.blank()
	}
}

// subject is whom and what an activity is about: a lead alone, or a contact with the account or a
// deal of it.
type subject struct {
	lead, contact, deal, account int
	since                        int64
}

func (g *generator) newSubject(draw *rng) subject {
	s := subject{lead: -1, contact: -1, deal: -1, account: -1}
	switch draw.below(10) {
	case 0:
		s.lead = draw.below(g.n.leads)
		s.since = g.leadCreated(s.lead)
	case 1, 2:
		s.contact = draw.below(g.n.contacts)
		s.account = g.accountOf(g.contactRun(s.contact))
		s.since = g.contactCreated(s.contact)
	default:
		s.deal = draw.below(g.n.opportunities)
		run := g.dealRun(s.deal)
		s.account = g.accountOf(run)
		s.contact = g.contactIn(run, draw.below(100))
		s.since = max(g.dealCreated(s.deal), g.contactCreated(s.contact))
	}
	return s
}

// whoAndWhat writes WhoId and WhatId.
func (g *generator) whoAndWhat(r *row, s subject) {
	if s.lead >= 0 {
		g.id(r, kindLead, s.lead)
		r.null()
		return
	}
	g.id(r, kindContact, s.contact)
	if s.deal >= 0 {
		g.id(r, kindOpportunity, s.deal)
		return
	}
	g.id(r, kindAccount, s.account)
}

func (g *generator) accountID(r *row, account int) {
	if account < 0 {
		r.null()
		return
	}
	g.id(r, kindAccount, account)
}

func (g *generator) task(r *row, i int) {
	draw := g.draw(kindTask, drawRow, i)
	s := g.newSubject(draw)
	owner := draw.below(g.n.users)
	at := later(draw, s.since, 200)
	due := at + int64(draw.below(20))*day
	done := due < lastDay && !draw.oneIn(10)
	completed := at
	if done {
		completed = max(at, office(due))
	}

	g.id(r, kindTask, i)
	g.whoAndWhat(r, s)
	kind := [...]string{"Call", "Email", "Task"}[draw.below(3)]
	if kind == "Task" {
		r.text(draw.pick(todos))
	} else {
		r.text(kind, ": ", draw.pick(topics))
	}
	r.date(due)
	if done {
		r.text("Completed")
	} else {
		r.text("Not Started")
	}
	r.text([...]string{"Normal", "Normal", "Normal", "High", "Low"}[draw.below(5)])
	g.id(r, kindUser, owner)
	r.prose(draw, 3)
	if kind == "Task" {
		r.blank()
	} else {
		r.text(kind)
	}
	r.flag(false)
	g.accountID(r, s.account)
	r.flag(done)
	g.created(r, at, owner)
	g.modified(r, completed, owner)
	if kind == "Call" {
		r.number(draw.below(2400))
		r.text([...]string{"Outbound", "Inbound"}[draw.below(2)])
		r.text(draw.pick(dispositions))
	} else {
		r.blank()
		r.blank()
		r.blank()
	}
	r.text(kind)
	if done {
		r.time(completed)
	} else {
		r.blank()
	}
}

func (g *generator) event(r *row, i int) {
	draw := g.draw(kindEvent, drawRow, i)
	s := g.newSubject(draw)
	owner := draw.below(g.n.users)
	at := later(draw, s.since, 200)
	start := at + int64(draw.between(1, 30))*day
	start -= start % (hour / 4)
	allDay := draw.oneIn(12)

	g.id(r, kindEvent, i)
	g.whoAndWhat(r, s)
	r.text("Meeting: ", draw.pick(topics))
	r.text(draw.pick(places))
	r.flag(allDay)
	if allDay {
		r.blank()
		r.date(start)
		r.number(1440)
	} else {
		r.time(start)
		r.date(start)
		r.number(draw.between(1, 12) * 15)
	}
	r.prose(draw, 2)
	g.accountID(r, s.account)
	g.id(r, kindUser, owner)
	r.text("Meeting")
	r.text("Busy")
	r.flag(false)
	g.created(r, at, owner)
	g.modified(r, at, owner)
	r.text("Event")
}

func (g *generator) note(r *row, i int) {
	draw := g.draw(kindNote, drawRow, i)
	s := g.newSubject(draw)
	owner := draw.below(g.n.users)
	at := later(draw, s.since, 300)

	g.id(r, kindNote, i)
	r.flag(false)
	switch {
	case s.deal >= 0:
		g.id(r, kindOpportunity, s.deal)
	case s.contact >= 0:
		g.id(r, kindContact, s.contact)
	default:
		g.id(r, kindLead, s.lead)
	}
	g.accountID(r, s.account)
	r.text(draw.pick(noteTitles))
	r.flag(draw.oneIn(8))
	r.prose(draw, 4)
	g.id(r, kindUser, owner)
	g.created(r, at, owner)
	g.modified(r, at, owner)
}
