package db

import (
	"encoding/json"

	"github.com/shopspring/decimal"
)

// The names of the conventions. Types are open: a new type of node, edge, event or fact is a new
// value and needs no constant here; hence plain strings.

// Types of nodes, with the properties that each has.
const (
	NodePerson      = "person"      // first_name, last_name; email, phone, address, title, source
	NodeOrg         = "org"         // name; industry, website, address, phone
	NodeOpportunity = "opportunity" // name, code; description, estimated_value, region
	NodePipeline    = "pipeline"    // name, stages (key, label, order, terminal); description, default_stage
	NodeTerritory   = "territory"   // name; description
	NodeCampaign    = "campaign"    // name, campaign_type; start_date, end_date, budget
	NodeTicket      = "ticket"      // of support, from other tools
)

// Types of edges: source -> target, with the properties that each has. An employment, an assignment or
// an affiliation that ended has an effective_to.
const (
	EdgeEmploys          = "employs"           // org -> person: title, department, start_date
	EdgeAffiliatedWith   = "affiliated_with"   // person -> org: relationship, notes
	EdgePrimaryContact   = "primary_contact"   // opportunity -> person: role
	EdgeSecondaryContact = "secondary_contact" // opportunity -> person: role, notes
	EdgePipelineMember   = "pipeline_member"   // opportunity -> pipeline: entered_at
	EdgeTerritoryMember  = "territory_member"  // opportunity -> territory
	EdgeCampaignTarget   = "campaign_target"   // campaign -> person: channel, sent_at, responded_at
	EdgeAssignedTo       = "assigned_to"       // opportunity -> person: role (AssignedOwner, AssignedBackup)
	EdgeTargets          = "targets"           // opportunity -> any node: priority, notes
	EdgeReferral         = "referral"          // person -> person: context, date
	EdgeFiled            = "filed"             // person -> ticket
)

// Types of edges that imports make besides.
const (
	EdgeOwnedBy       = "owned_by"       // org, person or campaign -> person
	EdgeSubsidiaryOf  = "subsidiary_of"  // org -> org
	EdgeReportsTo     = "reports_to"     // person -> person
	EdgePartOf        = "part_of"        // territory -> territory, campaign -> campaign
	EdgeSourcedFrom   = "sourced_from"   // opportunity -> campaign
	EdgeConvertedFrom = "converted_from" // opportunity -> person, who was its lead
)

// Roles in the properties of an EdgeAssignedTo.
const (
	AssignedOwner  = "owner"
	AssignedBackup = "backup"
)

// Types of events, with the properties that each has.
const (
	EventEmail       = "email"        // subject, direction, body_ref
	EventPhoneCall   = "phone_call"   // duration, direction, outcome
	EventMeeting     = "meeting"      // location, duration, outcome
	EventNote        = "note"         // body, category
	EventOfferSent   = "offer_sent"   // amount, terms, document_ref
	EventStageChange = "stage_change" // from_stage, to_stage, reason; its deal is the RoleSubject
	EventNodeMerge   = "node_merge"   // of two nodes: RoleCanonical and RoleDuplicate
)

// Types of events that imports make besides.
const (
	EventTask        = "task"         // subject, description, status
	EventQuote       = "quote"        // name, amount; one that was sent is an EventOfferSent
	EventFieldChange = "field_change" // field, old_value, new_value
	EventDealChange  = "deal_change"  // amount and the like, where the stage stayed
)

// Roles of the participants of an event.
const (
	RoleParticipant = "participant" // where the caller names none
	RoleSubject     = "subject"     // whom or what the event changed
	RoleRegarding   = "regarding"   // what it was about
	RoleContact     = "contact"     // whom it was with
	RoleRecipient   = "recipient"   // to whom it went
	RoleAttendee    = "attendee"
	RoleAccount     = "account"
	RoleCanonical   = "canonical" // the survivor of a merge
	RoleDuplicate   = "duplicate"
)

// Types of facts: subject, and the Go type of the claim.
const (
	AssertionDealStage      = "deal_stage"      // opportunity: DealStageClaim
	AssertionDealValue      = "deal_value"      // opportunity: DealValueClaim
	AssertionWinProbability = "win_probability" // opportunity: WinProbabilityClaim
	AssertionSentiment      = "sentiment"       // person: SentimentClaim
	AssertionContactInfo    = "contact_info"    // person: ContactInfoClaim
	AssertionDoNotContact   = "do_not_contact"  // person, one key a channel: DoNotContactClaim
	AssertionLeadScore      = "lead_score"      // person or opportunity: LeadScoreClaim
	AssertionTicketStatus   = "ticket_status"   // ticket: {status}
)

// Keys of facts.
const (
	KeyDefault = "default" // of a fact that a subject has one of
	KeyEmail   = "email"   // of a do_not_contact
	KeyPhone   = "phone"   // of a do_not_contact
	KeyFax     = "fax"     // of a do_not_contact
)

// Keys of stages. A pipeline names its own; a deal in one of the last three is no longer active.
const (
	StageProspecting   = "prospecting"
	StageQualification = "qualification"
	StageProposal      = "proposal"
	StageNegotiation   = "negotiation"
	StageClosedWon     = "closed_won"
	StageClosedLost    = "closed_lost"
	StageDead          = "dead"
)

// Prefixes of codes, such as OPP-2403-0042: prefix, year and month, number.
const (
	CodeOpportunity = "OPP"
	CodePerson      = "CON"
	CodeOrg         = "ORG"
	CodeCampaign    = "CMP"
	CodeTerritory   = "TER"
)

// SourceInternal is the external_source of a node whose external_id is its code.
const SourceInternal = "internal"

// Values of an access grant: to whom, on what, and how far. A level includes those before it.
const (
	GrantUser = "user"
	GrantRole = "role"
	GrantTeam = "team"

	ResourceNode      = "node"
	ResourceEdge      = "edge"
	ResourceEvent     = "event"
	ResourceAssertion = "assertion"

	AccessRead  = "read"
	AccessWrite = "write"
	AccessAdmin = "admin"
)

// Classifications of nodes and properties, from open to closed. A node without one is public.
const (
	ClassPublic       = "public"
	ClassInternal     = "internal"
	ClassConfidential = "confidential"
	ClassRestricted   = "restricted"
)

// Roles of a session that the schema knows. The role of an agent is SessionAgentPrefix and its name; it
// may add, and never changes anything.
const (
	SessionAdmin       = "admin"
	SessionDealManager = "deal_manager"
	SessionTeamLead    = "team_lead"
	SessionTeamMember  = "team_member"
	SessionAgentPrefix = "agent:"
)

// The claims of facts, to be written and read by encoding/json. Claims are open as types are: one may
// hold more than is named here, which whoever supersedes it has to carry over.

// DealStageClaim is the claim of an AssertionDealStage.
type DealStageClaim struct {
	Stage     string `json:"stage"`                // key of a stage
	Pipeline  string `json:"pipeline"`             // code of the pipeline
	MovedFrom string `json:"moved_from,omitempty"` // key of the stage before
	Reason    string `json:"reason,omitempty"`
	Label     string `json:"label,omitempty"` // what an import calls the stage, where its label says more than the key
}

// DealValueClaim is the claim of an AssertionDealValue.
type DealValueClaim struct {
	Amount   decimal.Decimal `json:"amount"`             // a number in JSON; a text that holds one is read too
	Currency string          `json:"currency,omitempty"` // ISO 4217
	Basis    string          `json:"basis,omitempty"`    // where the amount comes from
}

// MarshalJSON writes the amount as a number, to the last digit; a decimal by itself is written as a text.
func (c DealValueClaim) MarshalJSON() ([]byte, error) {
	type plain DealValueClaim
	return json.Marshal(struct {
		Amount json.Number `json:"amount"`
		plain
	}{json.Number(c.Amount.String()), plain(c)})
}

// WinProbabilityClaim is the claim of an AssertionWinProbability.
type WinProbabilityClaim struct {
	Probability float64 `json:"probability"` // 0 to 1
	Basis       string  `json:"basis,omitempty"`
}

// SentimentClaim is the claim of an AssertionSentiment.
type SentimentClaim struct {
	Stance     string   `json:"stance"`
	Confidence *float64 `json:"confidence,omitempty"` // 0 to 1
	Notes      string   `json:"notes,omitempty"`
}

// ContactInfoClaim is the claim of an AssertionContactInfo.
type ContactInfoClaim struct {
	Phone            string          `json:"phone,omitempty"`
	Email            string          `json:"email,omitempty"`
	Address          json.RawMessage `json:"address,omitempty"` // a text, or an object of street, city, state, postal_code, country
	PreferredContact string          `json:"preferred_contact,omitempty"`
}

// DoNotContactClaim is the claim of an AssertionDoNotContact.
type DoNotContactClaim struct {
	Reason  string `json:"reason,omitempty"`
	SetBy   string `json:"set_by,omitempty"`
	Expires string `json:"expires,omitempty"` // a date or a time of ISO 8601; blank: never
}

// LeadScoreClaim is the claim of an AssertionLeadScore.
type LeadScoreClaim struct {
	Score   decimal.Decimal `json:"score"`             // as the amount of a DealValueClaim
	Model   string          `json:"model,omitempty"`   // what scores
	Factors json.RawMessage `json:"factors,omitempty"` // in the model's own shape
}

// MarshalJSON writes the score as a number.
func (c LeadScoreClaim) MarshalJSON() ([]byte, error) {
	type plain LeadScoreClaim
	return json.Marshal(struct {
		Score json.Number `json:"score"`
		plain
	}{json.Number(c.Score.String()), plain(c)})
}
