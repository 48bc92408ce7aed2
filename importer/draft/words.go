package draft

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// role is what a column means.
type role string

// roles are the columns that CRMs have under many names: in English, German, French and Spanish, without
// accents.
var roles = map[role][]string{
	"first_name":   {"first name", "firstname", "given name", "forename", "vorname", "prenom", "nombre"},
	"last_name":    {"last name", "lastname", "surname", "family name", "nachname", "familienname", "nom de famille", "apellido", "apellidos"},
	"name":         {"name", "full name", "display name", "nom", "nom complet", "nombre completo", "bezeichnung", "contact name", "vollstandiger name"},
	"salutation":   {"salutation", "anrede", "civilite", "tratamiento"},
	"email":        {"email", "e mail", "mail", "email address", "e mail address", "e mail adresse", "courriel", "adresse email", "adresse e mail", "correo", "correo electronico", "email 1"},
	"phone":        {"phone", "telephone", "telefon", "tel", "telefono", "phone number", "telefonnummer", "business phone", "work phone", "phone 1"},
	"mobile_phone": {"mobile", "mobile phone", "mobile number", "cell", "cell phone", "handy", "mobil", "mobiltelefon", "portable", "movil"},
	"fax":          {"fax", "faxnummer", "telecopie"},
	"title":        {"title", "job title", "position", "funktion", "fonction", "cargo", "puesto", "poste"},
	"department":   {"department", "abteilung", "departement", "departamento"},
	"birthdate":    {"birthdate", "birthday", "date of birth", "geburtsdatum", "geburtstag", "date de naissance", "fecha de nacimiento"},
	"source":       {"source", "lead source", "quelle", "herkunft", "origine", "origen"},
	"company":      {"company", "company name", "organization", "organisation", "organization name", "account", "account name", "employer", "firma", "firmenname", "unternehmen", "kunde", "societe", "entreprise", "client", "empresa", "cliente", "customer", "customer name"},
	"website":      {"website", "web site", "homepage", "web", "url", "webseite", "site web", "sitio web", "domain", "domain name", "company domain name"},
	"industry":     {"industry", "branche", "secteur", "sector", "industria"},
	"employees":    {"employees", "number of employees", "headcount", "mitarbeiter", "mitarbeiterzahl", "anzahl mitarbeiter", "effectif", "empleados", "numero de empleados"},
	"revenue":      {"annual revenue", "revenue", "umsatz", "jahresumsatz", "chiffre d affaires", "facturacion", "ingresos"},
	"street":       {"street", "address", "street address", "address line 1", "strasse", "anschrift", "adresse", "rue", "calle", "direccion"},
	"city":         {"city", "town", "ort", "stadt", "ville", "ciudad"},
	"state":        {"state", "province", "state region", "bundesland", "provincia", "etat"},
	"postal_code":  {"zip", "zip code", "postal code", "postcode", "plz", "postleitzahl", "code postal", "codigo postal"},
	"country":      {"country", "land", "pays", "pais"},
	"amount":       {"amount", "value", "deal value", "deal amount", "betrag", "wert", "auftragswert", "montant", "valeur", "importe", "valor", "expected value", "expected revenue"},
	"currency":     {"currency", "currency code", "wahrung", "devise", "moneda"},
	"stage":        {"stage", "deal stage", "sales stage", "phase", "etape", "etapa", "fase"},
	"stage_at":     {"stage entered date", "stage entered", "stage changed", "stage changed at", "stage changed on", "stage change date", "last stage change date", "stage since"},
	"probability":  {"probability", "win probability", "wahrscheinlichkeit", "probabilite", "probabilidad"},
	"close_date":   {"close date", "closing date", "expected close date", "estimated close date", "abschlussdatum", "date de cloture", "fecha de cierre"},
	"pipeline":     {"pipeline", "sales pipeline", "verkaufsprozess"},
	"created":      {"created", "created at", "created on", "created date", "create date", "creation date", "date created", "createdate", "created time", "add time", "erstellt", "erstellt am", "erstelldatum", "angelegt am", "cree le", "date de creation", "fecha de creacion", "creado", "creado el"},
	"changed":      {"changed", "modified", "updated", "modified at", "updated at", "modified on", "updated on", "last modified", "last modified date", "last updated", "modified time", "update time", "geandert", "geandert am", "modifie le", "date de modification", "fecha de modificacion", "modificado el"},
	"owner":        {"owner", "owner name", "contact owner", "account owner", "company owner", "deal owner", "opportunity owner", "record owner", "assigned to", "sales rep", "sales agent", "besitzer", "zustandig", "verantwortlich", "betreuer", "proprietaire", "responsable", "propietario"},
	"parent":       {"parent", "parent account", "parent company", "muttergesellschaft", "societe mere", "empresa matriz"},
	"boss":         {"manager", "reports to", "supervisor", "vorgesetzter", "superieur"},
	"contact":      {"contact", "primary contact", "contact person", "person", "kontakt", "ansprechpartner", "contacto"},
	"deal":         {"deal", "deal name", "opportunity", "opportunity name", "verkaufschance", "opportunite", "oportunidad"},
	"subject":      {"subject", "betreff", "sujet", "objet", "asunto"},
	"body":         {"body", "note", "notes", "text", "content", "comment", "comments", "notiz", "notizen", "bemerkung", "remarque", "nota", "notas"},
	"date":         {"date", "datum", "fecha", "activity date", "due date", "start date", "start", "start time", "timestamp", "occurred at"},
	"description":  {"description", "beschreibung", "descripcion"},
	"deleted":      {"deleted", "is deleted", "archived", "geloscht", "supprime", "eliminado"},
}

// entities are words before the name of a column that say whose it is.
var entities = []string{"contact", "person", "lead", "company", "account", "organization", "organisation", "deal", "opportunity", "opp", "customer", "primary", "mailing", "billing", "work", "kontakt", "firmen"}

// kind is what the records of a file are.
type kind string

const (
	kindPerson   kind = "person"
	kindOrg      kind = "org"
	kindDeal     kind = "opportunity"
	kindActivity kind = "activity"
	kindCampaign kind = "campaign"
	kindOther    kind = ""
)

// tells is how much a column says for a kind.
var tells = map[kind]map[role]int{
	kindPerson:   {"first_name": 4, "last_name": 4, "birthdate": 3, "salutation": 3, "title": 1, "email": 1, "mobile_phone": 1, "department": 1, "company": 1},
	kindOrg:      {"industry": 3, "website": 2, "employees": 4, "revenue": 2, "company": 2, "parent": 1, "name": 1},
	kindDeal:     {"stage": 4, "amount": 2, "close_date": 4, "probability": 4, "pipeline": 2, "deal": 3},
	kindActivity: {"subject": 4, "body": 1, "date": 1},
}

// files are words in the name of a file, which say a little.
var files = map[kind][]string{
	kindPerson:   {"contact", "contacts", "person", "persons", "people", "lead", "leads", "user", "users", "kontakte", "personen", "personnes", "contactos", "personas"},
	kindOrg:      {"company", "companies", "account", "accounts", "organization", "organizations", "organisations", "customers", "clients", "firmen", "unternehmen", "kunden", "entreprises", "societes", "empresas", "clientes"},
	kindDeal:     {"deal", "deals", "opportunity", "opportunities", "verkaufschancen", "affaires", "opportunites", "oportunidades"},
	kindActivity: {"activity", "activities", "task", "tasks", "note", "notes", "call", "calls", "meeting", "meetings", "event", "events", "aktivitaten", "notizen", "activites", "actividades"},
	kindCampaign: {"campaign", "campaigns", "kampagnen", "campagnes", "campanas"},
}

// idWords are the last words of the names of columns that hold ids.
var idWords = []string{"id", "ids", "guid", "uuid", "key", "no", "nr", "number", "nummer", "numero", "identifier"}

// wordsOf gives the words of a name, in lower case and without accents.
func wordsOf(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range norm.NFD.String(strings.ReplaceAll(name, "ß", "ss")) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsUpper(r):
			if lower {
				b.WriteByte(' ')
			}
			lower = false
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			lower = unicode.IsLower(r)
			b.WriteRune(r)
		default:
			lower = false
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// phrases are the roles by name.
func phrases() map[string]role {
	m := make(map[string]role)
	for r, list := range roles {
		for _, p := range list {
			m[p] = r
		}
	}
	return m
}

// roleOf tells what a column means by its name, and how sure that is in percent.
func roleOf(byName map[string]role, words []string) (role, int) {
	if r, ok := byName[strings.Join(words, " ")]; ok {
		return r, 90
	}
	if len(words) > 1 && slices.Contains(entities, words[0]) {
		if r, ok := byName[strings.Join(words[1:], " ")]; ok {
			return r, 80
		}
	}
	return "", 0
}

// isID reports whether a column is called like one that holds ids.
func isID(words []string) bool {
	return len(words) > 0 && slices.Contains(idWords, words[len(words)-1])
}
