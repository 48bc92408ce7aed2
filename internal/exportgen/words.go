package exportgen

// word is a name with the letters that it has in an e-mail address, where capitals become small.
type word struct{ text, ascii string }

// One name in ten comes from the lists of foreign letters, whatever the country: enough to notice
// code that counts bytes for characters.
var (
	firstNames = []string{
		"Ada", "Alice", "Amara", "Anton", "Beatrix", "Bruno", "Carla", "Casper", "Daria", "Dominic", "Edith", "Emil",
		"Fiona", "Frank", "Greta", "Gustav", "Hannah", "Hugo", "Irene", "Ivan", "Jasper", "Julia", "Karl", "Kenji",
		"Laura", "Leon", "Maria", "Marcus", "Nadia", "Nathan", "Olga", "Oscar", "Paula", "Peter", "Rosa", "Rupert",
		"Sandra", "Silas", "Teresa", "Thomas", "Ursula", "Victor", "Wanda", "Xavier", "Yusuf", "Zelda",
	}
	foreignFirstNames = []word{
		{"Zoé", "zoe"},
		{"Ondřej", "ondrej"},
		{"Søren", "soren"},
		{"Łukasz", "lukasz"},
		{"Noémie", "noemie"},
		{"陽菜", "haruna"},
		{"健一", "kenichi"},
		{"سلمى", "salma"},
		{"Božena", "bozena"},
		{"Jürgen", "juergen"},
		{"Íñigo", "inigo"},
		{"Αλίκη", "aliki"},
	}
	lastNames = []string{
		"Abernathy", "Ackermann", "Barlow", "Bianchi", "Calloway", "Castellan", "Dahlgren", "Delacroix", "Eastwick",
		"Engstrand", "Fairweather", "Ferrante", "Garrick", "Gruber", "Halvorsen", "Hollis", "Ingram", "Ivanova",
		"Jansen", "Jarrow", "Keller", "Kovacs", "Lambert", "Lindholm", "Marchetti", "Merriweather", "Nakata",
		"Novotna", "Oakley", "Ostrander", "Pemberton", "Petrov", "Quill", "Quintero", "Rasmussen", "Rossetti",
		"Sandoval", "Schuster", "Thackeray", "Tremaine", "Ulrich", "Underhill", "Vandermeer", "Vasquez", "Whitlock",
		"Wozniak", "Yardley", "Zimmer",
	}
	foreignLastNames = []word{
		{"Dvořáčková", "dvorackova"},
		{"Größinger", "groessinger"},
		{"Sætervik", "saetervik"},
		{"Peñalver", "penalver"},
		{"Béranger", "beranger"},
		{"中之条", "nakanojo"},
		{"村雨", "murasame"},
		{"الرباطي", "errabati"},
		{"Čtvrtníček", "ctvrtnicek"},
		{"Wójtowicz", "wojtowicz"},
		{"O'Brannigan", "obrannigan"},
		{"Παπαδέλης", "papadelis"},
	}

	companyFronts = []string{
		"Alder", "Amber", "Ashford", "Beacon", "Birch", "Blackwater", "Bramble", "Bright", "Cedar", "Clearwell",
		"Cobalt", "Copper", "Crown", "Delta", "Eastgate", "Elder", "Falcon", "Fern", "Flint", "Garnet", "Granite",
		"Harbour", "Hawthorn", "Hollow", "Indigo", "Iron", "Juniper", "Kestrel", "Larkmoor", "Linden", "Maple",
		"Meadow", "Northfold", "Oakhurst", "Opal", "Otter", "Pebble", "Pine", "Quarry", "Raven", "Redstone", "Rowan",
		"Saffron", "Silver", "Slate", "Sparrow", "Summit", "Thistle", "Timber", "Umber", "Vale", "Velvet",
		"Westmere", "Willow", "Winter", "Yarrow",
	}
	foreignFronts = []word{
		{"Brücken", "bruecken"},
		{"Señorío", "senorio"},
		{"Jižní", "jizni"},
		{"Étoile", "etoile"},
		{"湯川", "yukawa"},
		{"الواحة", "alwaha"},
		{"Łąka", "laka"},
		{"Fjäll", "fjaell"},
	}
	companyBacks = []string{
		"Analytics", "Bakery", "Biotech", "Brewing", "Capital", "Ceramics", "Chemicals", "Clinics", "Components",
		"Consulting", "Dairy", "Design", "Electric", "Energy", "Engineering", "Farms", "Foods", "Freight", "Glass",
		"Hotels", "Insurance", "Logistics", "Media", "Metals", "Optics", "Packaging", "Paper", "Pharma", "Plastics",
		"Retail", "Robotics", "Shipping", "Software", "Textiles", "Tools", "Travel", "Utilities", "Water",
	}

	streets = []string{
		"Acacia Avenue", "Brook Street", "Canal Road", "Dock Lane", "Elm Row", "Foundry Way", "Granary Yard", "Hill Rise", "Industrial Park East",
		"Juniper Court", "King's Mews", "Lower Quay", "Mill Street", "Náměstí Svobody", "Orchard Close", "Quai des Brumes", "Rue de l'Étang",
		"Station Road", "Tannery Lane", "Weaver's Gate",
	}
	salutations = []string{"", "Mr.", "Ms.", "Mrs.", "Dr."}
	titles      = []string{
		"Account Manager", "Buyer", "Chief Executive Officer", "Chief Financial Officer", "Chief Technology Officer", "Controller", "Engineer",
		"Facility Manager", "Head of IT", "Head of Procurement", "HR Business Partner", "Logistics Planner", "Managing Director", "Marketing Manager",
		"Operations Manager", "Plant Manager", "Product Manager", "Project Lead", "Purchasing Agent", "Quality Manager", "Sales Director",
		"Team Assistant", "Vice President, Operations", "Vice President, Sales", "Directeur général", "Geschäftsführer", "Ředitelka", "設備部長",
	}
	departments = []string{"Administration", "Customer Service", "Engineering", "Finance", "Human Resources", "IT", "Logistics", "Marketing", "Operations", "Procurement", "Quality", "Sales"}
	industries  = []string{
		"Agriculture", "Banking", "Biotechnology", "Chemicals", "Construction", "Consulting", "Energy", "Engineering", "Food & Beverage", "Healthcare",
		"Hospitality", "Insurance", "Manufacturing", "Media", "Retail", "Technology", "Transportation", "Utilities",
	}
	accountTypes = []string{"Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller", "Other"}
	sources      = []string{"", "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Trade Show", "Other"}
	segments     = []string{"Enterprise", "Mid-Market", "Small Business", "Public Sector"}
	languages    = []string{"", "en", "de", "fr", "en;de", "en;fr", "cs;en", "ja;en", "en;es;pt"}
	leadStatuses = []string{"Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"}
	ratings      = []string{"", "Hot", "Warm", "Cold"}
	roles        = []string{"Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Business User", "Executive Sponsor", ""}
	relations    = []string{"Decision Maker", "Influencer", "Consultant", "Executive Sponsor;Influencer", "Technical Buyer"}
	products     = []string{"Annual Subscription", "Audit", "Cloud Migration", "Extension", "Fleet Upgrade", "Framework Contract", "Line 2", "Maintenance", "Pilot", "Platform Licences", "Renewal", "Retrofit", "Rollout", "Spare Parts", "Training", "Überholung", "Údržba", "保守契約"}
	dealTypes    = []string{"New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement", "Existing Customer - Downgrade"}
	nextSteps    = []string{"", "", "Call back on Monday", "Send revised offer", "Wait for the budget round", "Meet the board", "Reference visit", "Clarify délai de livraison"}
	todos        = []string{"Send brochure", "Prepare offer", "Check references", "Update forecast", "Ask for the tender documents", "Book the meeting room", "Připravit smlouvu", "見積書を送る"}
	topics       = []string{"introduction", "follow-up", "pricing", "contract", "delivery dates", "technical questions", "renewal", "réunion de suivi"}
	dispositions = []string{"Reached", "Left voicemail", "No answer", "Wrong number"}
	places       = []string{"", "Customer site", "Head office", "Video call", "Trade fair, hall 7", "Café Zázvor"}
	noteTitles   = []string{"Background", "Budget", "Competition", "Directions", "Meeting minutes", "Technical notes", "Résumé", "メモ"}
	campaignKind = []string{"Trade Show", "Webinar", "Email", "Conference", "Advertisement"}
	memberStates = []string{"Sent", "Responded", "Registered", "Attended"}

	// sentences make up descriptions, bodies and notes.
	sentences = []string{
		"Asked for a second offer with a longer payment term.",
		"Budget is approved for this fiscal year, the board decides in March.",
		"Competitor quoted about ten percent less, delivery forty weeks.",
		"Decision moved to the next quarter because of a reorganisation.",
		"Everybody on their side liked the demo; \"when can we start?\" was the last question.",
		"Existing contract ends in autumn and will not be renewed as it is.",
		"Had a long call about integration with their ERP and the data that has to move.",
		"Interested, but there is no owner for the project yet.",
		"Legal wants changes in clauses 4, 7 and 11.",
		"Met at the fair, left a card, asked to be called after the holidays.",
		"Needs references from the same industry and of the same size.",
		"New plant opens next year; that is the time to talk again.",
		"Price is fine, the question is service at night and on weekends.",
		"Procurement runs a tender with three bidders.",
		"Prefers e-mail to the phone, answers within a day.",
		"Promised to send the technical data by Friday.",
		"Sent the signed order confirmation, thanks to the whole team.",
		"The former contact has left, his successor starts on the first.",
		"Two sites, about 400 users, rollout in three waves.",
		"Wants to see the figures of the pilot first.",
	}
	foreignSentences = []string{
		"Très intéressé, demande un plan de financement à 36 mois.",
		"Zájem trvá, čekáme na výsledek dotace.",
		"Entscheidung fällt nach der Sitzung am Dienstag; Währung: €.",
		"10月の役員会で決定予定。",
		"يفضل الاتصال بعد الظهر.",
	}
)

// country is where an account sits; the fictional phone numbers and the currency go with it.
type country struct {
	name, phone string
	cities      []string
	currency    int
	legal       []string
}

// currency is one of the three that the deals are in, with its minor units.
type currency struct {
	code     string
	decimals int
}

const (
	euro = iota
	dollar
	yen
)

var (
	currencies = []currency{euro: {"EUR", 2}, dollar: {"USD", 2}, yen: {"JPY", 0}}

	// In a phone number, # stands for a digit. The ranges are those kept for fiction where there
	// are such, or cannot be dialled.
	countries = []country{
		{"United States", "+1 (2##) 555-01##", []string{"Ashgrove", "Cedar Falls Junction", "Lakemont", "Port Haven"}, dollar, []string{" Inc.", " LLC", " Corp.", ""}},
		{"United States", "+1 (6##) 555-01##", []string{"Silver Creek", "New Harrow", "Redfield", "Fort Ellery"}, dollar, []string{" Inc.", " LLC", " Corp.", ""}},
		{"Germany", "+49 30 23125 ###", []string{"Neustetten", "Bad Sonnleiten", "Königshafen", "Altbrück"}, euro, []string{" GmbH", " AG", " KG"}},
		{"France", "+33 1 99 00 ## ##", []string{"Saint-Aubrel", "Villeurbelle", "Port-Clairval", "Montsaunès"}, euro, []string{" SAS", " SA", " SARL"}},
		{"United Kingdom", "+44 20 7946 0###", []string{"Harrowmere", "Bexley Wharf", "Kelpside", "Northgate"}, euro, []string{" Ltd", " plc", ""}},
		{"Czechia", "+420 555 0## ###", []string{"Dolní Lhotka", "Javornice", "Ostrov nad Bystrou", "Svratouch"}, euro, []string{" a.s.", " s.r.o."}},
		{"Netherlands", "+31 20 555 01##", []string{"Zeldenrust", "Waterdorp", "Oosthaven"}, euro, []string{" B.V.", " N.V."}},
		{"Japan", "+81 6-5550-01##", []string{"Shiramine", "Minatogaoka", "白峰市", "Kitahama"}, yen, []string{" K.K.", " Co., Ltd."}},
	}
)

// stage is a step of the pipelines; the codes are those of a fresh Salesforce organisation.
type stage struct {
	label              string
	probability        int
	category, forecast string
	closed, won        bool
}

const (
	stageNegotiation = 7
	stageWon         = 8
	stageLost        = 9
)

var (
	stages = []stage{
		{"Prospecting", 10, "Pipeline", "Pipeline", false, false},
		{"Qualification", 10, "Pipeline", "Pipeline", false, false},
		{"Needs Analysis", 20, "Pipeline", "Pipeline", false, false},
		{"Value Proposition", 50, "Pipeline", "Pipeline", false, false},
		{"Id. Decision Makers", 60, "Pipeline", "Pipeline", false, false},
		{"Perception Analysis", 70, "Pipeline", "Pipeline", false, false},
		{"Proposal/Price Quote", 75, "BestCase", "Best Case", false, false},
		{"Negotiation/Review", 90, "Forecast", "Commit", false, false},
		{"Closed Won", 100, "Closed", "Closed", true, true},
		{"Closed Lost", 0, "Omitted", "Omitted", true, false},
	}
	pipelines = []string{"New Business", "Existing Business"}
)
