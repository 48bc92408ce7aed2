package exportgen

const audit = " CreatedDate CreatedById LastModifiedDate LastModifiedById SystemModstamp "

// tables returns the objects in the order in which they are written.
func (g *generator) tables() []table {
	return []table{
		{"User", columns(`Id Username LastName FirstName CompanyName Department Title City Country Email Phone Alias
			IsActive TimeZoneSidKey LocaleSidKey DefaultCurrencyIsoCode UserType ManagerId` + audit), g.n.users, 0, g.user},
		{"BusinessProcess", columns(`Id Name Description TableEnumOrId IsActive CreatedById CreatedDate
			LastModifiedById LastModifiedDate SystemModstamp`), len(pipelines), 0, g.businessProcess},
		{"RecordType", columns(`Id Name DeveloperName Description BusinessProcessId SobjectType IsActive CreatedById
			CreatedDate LastModifiedById LastModifiedDate SystemModstamp IsDeleted`), len(pipelines), 0, g.recordType},
		{"OpportunityStage", columns(`Id MasterLabel ApiName IsActive SortOrder IsClosed IsWon ForecastCategory
			ForecastCategoryName DefaultProbability Description CreatedById CreatedDate LastModifiedById LastModifiedDate
			SystemModstamp`), len(stages), 0, g.stage},
		{"Account", columns(`Id IsDeleted MasterRecordId Name Type ParentId BillingStreet BillingCity BillingPostalCode
			BillingCountry Phone Website Industry AnnualRevenue NumberOfEmployees Description CurrencyIsoCode OwnerId` +
			audit + `AccountSource Segment__c`), g.n.accounts, 0, g.account},
		{"Contact", columns(`Id IsDeleted MasterRecordId AccountId LastName FirstName Salutation MailingCity
			MailingCountry Phone MobilePhone ReportsToId Email Title Department LeadSource OwnerId HasOptedOutOfEmail
			DoNotCall` + audit + `Languages__c`), g.n.contacts, g.changedContacts, g.contact},
		{"AccountContactRelation", columns(`Id AccountId ContactId Roles IsDirect IsActive StartDate EndDate
			CurrencyIsoCode` + audit + `IsDeleted`), g.n.relations, 0, g.relation},
		{"Lead", columns(`Id IsDeleted MasterRecordId LastName FirstName Title Company City Country Phone Email
			LeadSource Status Rating OwnerId HasOptedOutOfEmail IsConverted ConvertedDate ConvertedAccountId
			ConvertedContactId ConvertedOpportunityId CreatedDate CreatedById LastModifiedDate
			SystemModstamp`), g.n.leads, 0, g.lead},
		{"Opportunity", columns(`Id IsDeleted AccountId RecordTypeId Name Description StageName Amount Probability
			ExpectedRevenue CloseDate Type NextStep IsClosed IsWon ForecastCategory ForecastCategoryName CurrencyIsoCode
			CampaignId OwnerId CreatedDate CreatedById LastModifiedDate SystemModstamp
			LastStageChangeDate`), g.n.opportunities, g.changedDeals, g.opportunity},
		{"OpportunityContactRole", columns(`Id OpportunityId ContactId Role IsPrimary` + audit +
			`IsDeleted`), g.n.roles, 0, g.role},
		{"OpportunityHistory", columns(`Id OpportunityId CreatedById CreatedDate StageName Amount ExpectedRevenue
			CloseDate Probability FromForecastCategory ForecastCategory FromOpportunityStageName PrevAmount PrevCloseDate
			ValidThroughDate CurrencyIsoCode SystemModstamp IsDeleted`), g.n.history, 0, g.history},
		{"Campaign", columns(`Id IsDeleted Name ParentId Type Status StartDate EndDate CurrencyIsoCode BudgetedCost
			NumberSent IsActive Description OwnerId` + audit), g.n.campaigns, 0, g.campaign},
		{"CampaignMember", columns(`Id IsDeleted CampaignId LeadId ContactId Status HasResponded` + audit +
			`FirstRespondedDate`), g.n.members, 0, g.member},
		{"Task", columns(`Id WhoId WhatId Subject ActivityDate Status Priority OwnerId Description Type IsDeleted
			AccountId IsClosed` + audit + `CallDurationInSeconds CallType CallDisposition TaskSubtype
			CompletedDateTime`), g.n.tasks, 0, g.task},
		{"Event", columns(`Id WhoId WhatId Subject Location IsAllDayEvent ActivityDateTime ActivityDate
			DurationInMinutes Description AccountId OwnerId Type ShowAs IsDeleted` + audit + `EventSubtype`), g.n.events, 0, g.event},
		{"Note", columns(`Id IsDeleted ParentId AccountId Title IsPrivate Body OwnerId` + audit), g.n.notes, 0, g.note},
	}
}

// The set-up objects, all made by the first user on the first day.

func (g *generator) user(r *row, i int) {
	draw := g.draw(kindUser, drawRow, i)
	p := newPerson(draw)
	at := office(firstDay)
	land := countries[draw.below(len(countries))]

	g.id(r, kindUser, i)
	r.userName(p, i)
	r.text(p.last.text)
	r.text(p.first.text)
	r.text("Seller & Sons")
	r.text("Sales")
	r.text(draw.pick([]string{"Account Executive", "Regional Manager", "Inside Sales", "Business Development"}))
	r.text(draw.pick(land.cities))
	r.text(land.name)
	r.userName(p, i)
	r.phone(draw, land.phone)
	r.text(p.last.ascii[:3])
	r.flag(i%10 != 9)
	r.text("Europe/Prague")
	r.text("en_GB")
	r.text(currencies[land.currency].code)
	r.text("Standard")
	if i == 0 {
		r.null()
	} else {
		g.id(r, kindUser, (i-1)/8)
	}
	g.created(r, at, 0)
	g.modified(r, later(draw, at, 700), 0)
}

// userName writes a user's login, which is the e-mail address too.
func (r *row) userName(p person, i int) {
	r.open()
	r.small(p.first.ascii)
	r.part(".")
	r.small(p.last.ascii)
	r.part("-")
	r.base36(i)
	r.part("@seller.example")
	r.shut()
}

// setUp writes the audit columns in the order that set-up objects have them.
func (g *generator) setUp(r *row) {
	for range 2 {
		g.id(r, kindUser, 0)
		r.time(office(firstDay))
	}
	r.time(office(firstDay))
}

func (g *generator) businessProcess(r *row, i int) {
	g.id(r, kindBusinessProcess, i)
	r.text(pipelines[i], " Process")
	r.blank()
	r.text("Opportunity")
	r.flag(true)
	g.setUp(r)
}

func (g *generator) recordType(r *row, i int) {
	g.id(r, kindRecordType, i)
	r.text(pipelines[i])
	r.text([]string{"New_Business", "Existing_Business"}[i])
	r.blank()
	g.id(r, kindBusinessProcess, i)
	r.text("Opportunity")
	r.flag(true)
	g.setUp(r)
	r.flag(false)
}

func (g *generator) stage(r *row, i int) {
	s := stages[i]
	g.id(r, kindStage, i)
	r.text(s.label)
	r.text(s.label)
	r.flag(true)
	r.number(i + 1)
	r.flag(s.closed)
	r.flag(s.won)
	r.text(s.category)
	r.text(s.forecast)
	r.number(s.probability)
	r.blank()
	g.setUp(r)
}

// Accounts, contacts and leads.

func (g *generator) account(r *row, i int) {
	draw := g.draw(kindAccount, drawRow, i)
	c, land := g.companyOf(i), g.countryOf(i)
	owner := draw.below(g.n.users)
	at := g.accountCreated(i)

	g.id(r, kindAccount, i)
	r.flag(false)
	r.null()
	r.text(c.front.text, " ", c.back.text, draw.pick(land.legal))
	r.text(draw.pick(accountTypes))
	if i > 0 && draw.oneIn(20) {
		g.id(r, kindAccount, draw.below(i))
	} else {
		r.null()
	}
	r.open()
	r.part(draw.pick(streets))
	r.part(" ")
	r.base10(draw.between(1, 240))
	r.shut()
	r.text(draw.pick(land.cities))
	r.number(draw.between(10000, 99999))
	r.text(land.name)
	r.phone(draw, land.phone)
	r.open()
	r.part("https://www.")
	r.domain(c, i)
	r.shut()
	r.text(draw.pick(industries))
	r.money(int64(draw.between(2, 90000))*1000000, 2)
	r.number(draw.between(3, 5000))
	r.prose(draw, 3)
	r.text(currencies[land.currency].code)
	g.id(r, kindUser, owner)
	g.created(r, at, owner)
	g.modified(r, later(draw, at, 400), owner)
	r.text(draw.pick(sources))
	r.text(draw.pick(segments))
}

func (g *generator) contactPerson(i int) person {
	return newPerson(g.draw(kindContact, drawPerson, i))
}

// contactCreated is up to 200 days after the account came.
func (g *generator) contactCreated(i int) int64 {
	return later(g.draw(kindContact, drawPair, i), g.accountCreated(g.accountOf(g.contactRun(i))), 200)
}

func (g *generator) contact(r *row, i int) {
	draw := g.draw(kindContact, drawRow, i)
	run := g.contactRun(i)
	account := g.accountOf(run)
	p, land := g.contactPerson(i), g.countryOf(account)
	owner := draw.below(g.n.users)
	at := g.contactCreated(i)

	g.id(r, kindContact, i)
	r.flag(false)
	r.null()
	g.id(r, kindAccount, account)
	r.text(p.last.text)
	r.text(p.first.text)
	r.text(draw.pick(salutations))
	r.text(draw.pick(land.cities))
	r.text(land.name)

	modifiedAt, title := later(draw, at, 300), draw.pick(titles)
	// The number comes from a draw of its own, so that all else is the same when it changes.
	number := g.draw(kindContact, drawCompany, i)
	if changes(i, g.n.contacts, g.changedContacts) {
		modifiedAt, title = g.changedAt(kindContact, i), "Senior "+title
		number = g.draw(kindContact, drawChange, i)
	}
	r.phone(number, land.phone)
	if draw.oneIn(2) {
		r.phone(draw, land.phone)
	} else {
		r.blank()
	}
	if boss := first(run, g.n.contacts, g.n.accounts); boss != i && draw.oneIn(3) {
		g.id(r, kindContact, boss)
	} else {
		r.blank()
	}
	r.email(p, g.companyOf(account), account)
	r.text(title)
	r.text(draw.pick(departments))
	r.text(draw.pick(sources))
	g.id(r, kindUser, owner)
	r.flag(draw.oneIn(25))
	r.flag(draw.oneIn(40))
	g.created(r, at, owner)
	g.modified(r, modifiedAt, owner)
	r.text(draw.pick(languages))
}

// relation is a second employer: a contact of one account who also works for another.
func (g *generator) relation(r *row, i int) {
	draw := g.draw(kindRelation, drawRow, i)
	contact := group(i, g.n.relations, g.n.contacts)
	own := g.accountOf(g.contactRun(contact))
	account := (own + 1 + draw.below(g.n.accounts-1)) % g.n.accounts
	by := draw.below(g.n.users)
	at := max(g.contactCreated(contact), g.accountCreated(account))
	former := draw.oneIn(5)

	g.id(r, kindRelation, i)
	g.id(r, kindAccount, account)
	g.id(r, kindContact, contact)
	r.text(draw.pick(relations))
	r.flag(false)
	r.flag(!former)
	r.date(at)
	if former {
		r.date(later(draw, at, 400))
	} else {
		r.blank()
	}
	r.text(currencies[g.countryOf(account).currency].code)
	g.created(r, at, by)
	g.modified(r, at, by)
	r.flag(false)
}

// lead is converted one time in four; then it has the name of the contact that it became. No two
// leads become the same contact.
func (g *generator) lead(r *row, i int) {
	draw := g.draw(kindLead, drawRow, i)
	contact := group(i, g.n.leads, g.n.contacts)
	converted := draw.oneIn(4)
	owner := draw.below(g.n.users)
	land := countries[draw.below(len(countries))]
	run := g.contactRun(contact)
	account := g.accountOf(run)

	p, c, number := newPerson(draw), newCompany(draw), i
	at := g.leadCreated(i)
	status := draw.pick(leadStatuses)
	if converted {
		p, c, number, land = g.contactPerson(contact), g.companyOf(account), account, g.countryOf(account)
		status = "Closed - Converted"
		at = max(firstDay, g.contactCreated(contact)-int64(draw.between(2, 40))*day)
	}

	g.id(r, kindLead, i)
	r.flag(false)
	r.null()
	r.text(p.last.text)
	r.text(p.first.text)
	r.text(draw.pick(titles))
	r.text(c.front.text, " ", c.back.text)
	r.text(draw.pick(land.cities))
	r.text(land.name)
	r.phone(draw, land.phone)
	r.email(p, c, number)
	r.text(draw.pick(sources))
	r.text(status)
	r.text(draw.pick(ratings))
	g.id(r, kindUser, owner)
	r.flag(draw.oneIn(30))
	r.flag(converted)
	deal := first(run, g.n.opportunities, g.n.accounts)
	switch {
	case !converted:
		r.blank()
		r.null()
		r.null()
		r.null()
	case contact == first(run, g.n.contacts, g.n.accounts) && deal < g.n.opportunities && g.dealRun(deal) == run:
		r.date(g.contactCreated(contact))
		g.id(r, kindAccount, account)
		g.id(r, kindContact, contact)
		g.id(r, kindOpportunity, deal)
	default:
		r.date(g.contactCreated(contact))
		g.id(r, kindAccount, account)
		g.id(r, kindContact, contact)
		r.null()
	}
	g.created(r, at, owner)
	modifiedAt := later(draw, at, 60)
	if converted {
		modifiedAt = g.contactCreated(contact)
	}
	r.time(modifiedAt)
	r.time(modifiedAt)
}

func (g *generator) leadCreated(i int) int64 {
	return office(firstDay + int64(g.draw(kindLead, drawPair, i).below(int(lastDay-firstDay))))
}
