package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/fixtures"
)

// fixtureHeader is the header of an object in the invented weekly export.
func fixtureHeader(t testing.TB, object string) []string {
	t.Helper()
	text, err := fixtures.Salesforce.ReadFile("salesforce/" + object + ".csv")
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.Split(strings.Trim(line, "\"\r"), `","`)
}

// snake spells a header as warehouse copies do.
func snake(header []string) []string {
	out := make([]string, len(header))
	for i, name := range header {
		out[i] = snakeCase(name)
	}
	return out
}

func TestDetect_Export(t *testing.T) {
	t.Parallel()

	m := salesforce(t)
	files, err := fixtures.Salesforce.ReadDir("salesforce")
	require.NoError(t, err)
	objects := 0
	for _, f := range files {
		object, ok := strings.CutSuffix(f.Name(), ".csv")
		if !ok {
			continue
		}
		objects++
		t.Run(object, func(t *testing.T) {
			t.Parallel()

			want := object
			if m.Objects[object] == nil {
				want = ""
			}
			header := fixtureHeader(t, object)
			lower, upper := make([]string, len(header)), make([]string, len(header))
			for i, name := range header {
				lower[i], upper[i] = strings.ToLower(name), strings.ToUpper(name)
			}
			for _, h := range [][]string{header, lower, upper, snake(header)} {
				look := Look{Header: h}
				if object == "Account" || object == "User" {
					// With person accounts and communities, only the ids tell these two.
					cells := make([]string, len(h))
					cells[0] = m.Objects[object].Recognise.Prefix + "5g00000KeLp1"
					look.Sample = [][]string{cells}
				}
				v := m.Detect(look)
				require.Equal(t, want, v.Object, "%s of %v", v.Evidence, h)
				if want == "" {
					require.Equal(t, "no mapping for this object", v.Evidence)
				}
			}
		})
	}
	require.Equal(t, 29, objects)
}

func TestDetect(t *testing.T) {
	t.Parallel()

	const (
		account  = "0015g00000KeLp1AAF"
		contact  = "0035g00000InGA1AAN"
		lead     = "00Q5g00000LeAd1EAF"
		deal     = "0065g00000DeAL1AAN"
		campaign = "7015g00000CaMp1AAF"
		custom   = "a015g00000KeLp1AAF"
	)
	for _, tc := range []struct {
		name   string
		header string
		types  string
		sample string // ids in the first column
		want   Verdict
	}{
		// By header alone.
		{name: "Account", header: "Id,Name,BillingCity", want: Verdict{Object: "Account", Evidence: "columns Id, Name"}},
		{name: "Contact", header: "Id,LastName,Email", want: Verdict{Object: "Contact", Evidence: "columns Id, LastName"}},
		{name: "Lead", header: "Id,LastName,Email,Company", want: Verdict{Object: "Lead", Evidence: "columns Id, LastName"}},
		{name: "User", header: "Id,LastName,Email,Username", want: Verdict{Object: "User", Evidence: "columns Id, Username"}},
		{name: "Opportunity", header: "Id,Name,StageName", want: Verdict{Object: "Opportunity", Evidence: "columns Id, StageName"}},
		{name: "OrderOfColumns", header: "StageName,Name,Id", want: Verdict{Object: "Opportunity", Evidence: "columns Id, StageName"}},
		{name: "Blanks", header: " Id ,\tLastName, Email", want: Verdict{Object: "Contact", Evidence: "columns Id, LastName"}},
		{name: "MemberWithPerson", header: "CampaignId,LeadOrContactId,LastName,Email", want: Verdict{Object: "CampaignMember", Evidence: "columns CampaignId"}},
		{name: "RoleOrRelation", header: "Id,AccountId,ContactId,Role", want: Verdict{Object: "AccountContactRole", Evidence: "columns AccountId, ContactId, Role"}},
		{name: "Relation", header: "Id,AccountId,ContactId,Roles,IsDirect", want: Verdict{Object: "AccountContactRelation", Evidence: "columns AccountId, ContactId"}},
		{name: "Compound", header: "Id,Name,BillingAddress", want: Verdict{Object: "Account", Evidence: "columns Id, Name"}},

		// Reports with a column for the id.
		{
			name: "OpportunityReport", header: "Account Name,Opportunity Name,Stage,Close Date,Amount Currency,Amount,Probability (%),Opportunity Owner,Opportunity ID",
			want: Verdict{Object: "Opportunity", Evidence: "columns Id, StageName"},
		},
		{name: "ContactReport", header: "Contact ID,First Name,Last Name,Title,Email,Account Name", want: Verdict{Object: "Contact", Evidence: "columns Id, LastName"}},
		{name: "LeadReport", header: "Lead ID,First Name,Last Name,Company / Account,Lead Status", want: Verdict{Object: "Lead", Evidence: "columns Id, LastName"}},
		{name: "AccountReport", header: "ACCOUNT ID,account name,Billing City", want: Verdict{Object: "Account", Evidence: "columns Id, Name"}},

		// By the ids, which say more than the header.
		{
			name: "ByID", header: "Id,Name", sample: account,
			want: Verdict{Object: "Account", Evidence: "columns Id, Name and ids that begin with 001 (100 %)"},
		},
		{
			name: "ByShortID", header: "Id,Name", sample: campaign[:15],
			want: Verdict{Object: "Campaign", Evidence: "columns Id, Name and ids that begin with 701 (100 %)"},
		},
		{
			name: "ByIDAgainstHeader", header: "Id,LastName,Company,Email", sample: contact,
			want: Verdict{Object: "Contact", Evidence: "columns Id, LastName and ids that begin with 003 (100 %)"},
		},
		{
			name: "ByIDInReport", header: "Record ID,Name,StageName,Id", sample: deal,
			// Record ID is not the key; Id is, and it is blank in the sample.
			want: Verdict{Object: "Opportunity", Evidence: "columns Id, StageName"},
		},
		{
			name: "ByMostIDs", header: "Id,LastName,Email", sample: strings.Repeat(lead+",", 9) + contact,
			want: Verdict{Object: "Lead", Evidence: "columns Id, LastName and ids that begin with 00Q (90 %)"},
		},
		{
			name: "IDsDisagree", header: "Id,LastName,Email", sample: strings.Repeat(lead+",", 8) + contact + "," + contact,
			want: Verdict{Object: "Contact", Evidence: "columns Id, LastName"},
		},
		{
			name: "IDsOfNoForm", header: "Id,LastName,Email", sample: "1,00Q,AccountRef1,00Q5g00000LeAd1-,",
			want: Verdict{Evidence: "it has the columns of Contact, but its ids are none of Salesforce"},
		},
		{
			name: "IDsOfAnotherCRM", header: "Id,LastName,Email", sample: "CONT-1b4e28ba-2fa1-11d2-883f-0016d3cca427,4421",
			want: Verdict{Evidence: "it has the columns of Contact, but its ids are none of Salesforce"},
		},
		{
			name: "IDsOfAnotherCRMInReport", header: "Contact ID,First Name,Last Name,Email", sample: "4421,4422",
			want: Verdict{Evidence: "it has the columns of Contact, but its ids are none of Salesforce"},
		},
		{
			name: "IDsInvented", header: "Id,LastName,Email", sample: "a035g00000InGA1A,b035g00000InGA1A",
			want: Verdict{Object: "Contact", Evidence: "columns Id, LastName"},
		},
		{
			name: "IDsMostlyHashed", header: "Id,LastName,Email", sample: contact + ",xKq7+/=,9fDx==",
			want: Verdict{Object: "Contact", Evidence: "columns Id, LastName and ids that begin with 003 (100 %)"},
		},
		{
			name: "IDsUnknown", header: "Id,LastName,Email", sample: custom,
			want: Verdict{Evidence: "its ids begin with a01, which is no object that the mapping knows"},
		},
		{
			name: "IDsOfNoOneKind", header: "Id,LastName,Email", sample: "a015g00000CoNt1,b025g00000CoNt1,c035g00000CoNt1",
			want: Verdict{Object: "Contact", Evidence: "columns Id, LastName"},
		},
		{
			name: "ReportOfDealsWithTheirCompanies", header: "Account ID,Account Name,Industry,Billing City,Opportunity ID,Opportunity Name,Stage",
			want: Verdict{Object: "Opportunity", Evidence: "columns Id, StageName"},
		},
		{
			name: "ReportOfPeopleWithTheirCompanies", header: "Contact ID,Last Name,Account ID,Account Name,Industry,Billing City,Billing Street",
			want: Verdict{Object: "Contact", Evidence: "columns Id, LastName"},
		},
		{
			name: "IDsOfOther", header: "Id,Name,BillingCity", sample: "8005g00000CoNt1",
			want: Verdict{Looks: "Contract", Evidence: "its ids are those of Contract, which is not mapped"},
		},
		{
			name: "IDsOfOtherAgainstObjectWithoutPrefix", header: "Id,AccountId,ContactId,IsDirect", sample: "8005g00000CoNt1",
			want: Verdict{Looks: "Contract", Evidence: "its ids are those of Contract, which is not mapped"},
		},
		{
			name: "IDsWithoutItsColumns", header: "Id,Phone", sample: contact,
			want: Verdict{Looks: "Contact", Evidence: "its ids are those of Contact, which is not mapped"},
		},
		{
			name: "IDsAgainstObject", header: "Id,AccountId,ContactId,IsDirect", sample: contact,
			want: Verdict{Looks: "Contact", Evidence: "its ids are those of Contact, which is not mapped"},
		},

		// JSON that states its types.
		{name: "Type", header: "Phone", types: "Contact", want: Verdict{Object: "Contact", Evidence: "its records state their type"}},
		{name: "TypeAgainstHeader", header: "Id,Name,BillingCity", types: "Opportunity", want: Verdict{Object: "Opportunity", Evidence: "its records state their type"}},
		{name: "TypeUnknown", header: "Id,Name,BillingCity", types: "Case", want: Verdict{Looks: "Case", Evidence: "its records state the type Case, which is not mapped"}},
		{name: "Types", header: "Id,Name,BillingCity", types: "Account,Contact", want: Verdict{Object: "Account", Evidence: "columns Id, Name"}},

		// None.
		{name: "Nothing", header: "", want: Verdict{Evidence: "its header is that of no object"}},
		{name: "OtherTable", header: "item,price", want: Verdict{Evidence: "its header is that of no object"}},
		{name: "Ambiguous", header: "Id,Name", want: Verdict{Evidence: "its header is that of no object"}},
		{name: "CustomObject", header: "Id,Name,Level__c,SystemModstamp", want: Verdict{Evidence: "no mapping for this object"}},
		{
			name: "NoID", header: "LastName,AccountId,Email",
			want: Verdict{Evidence: "it looks like Contact, but has no column Id, without which records cannot be told apart"},
		},
		{
			name: "NoIDInReport", header: "Opportunity Name,Stage,Amount",
			want: Verdict{Evidence: "it looks like Opportunity, but has no column Id, without which records cannot be told apart"},
		},
		{name: "Versions", header: "id,last_name,account_id,_fivetran_start,_fivetran_end", want: Verdict{Evidence: "rows are versions of records, not records"}},
		{name: "VersionsOfType", header: "_fivetran_start,_fivetran_end", types: "Contact", want: Verdict{Evidence: "rows are versions of records, not records"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			look := Look{Header: strings.Split(tc.header, ",")}
			if tc.types != "" {
				look.Types = strings.Split(tc.types, ",")
			}
			if tc.sample != "" {
				for id := range strings.SplitSeq(tc.sample, ",") {
					cells := make([]string, len(look.Header))
					cells[0] = id
					look.Sample = append(look.Sample, cells)
				}
			}
			got := salesforce(t).Detect(look)
			got.Known = 0 // see TestDetect_Known
			require.Equal(t, tc.want, got)
		})
	}
}

// TestDetect_Known counts the columns that an object has a use for, be it that it drops them.
func TestDetect_Known(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]int{
		"Id,LastName,Email":                                   3,
		"Id,LastName,Email,Shoe Size":                         3,
		"Id,LastName,Email,SystemModstamp,HasOptedOutOfEmail": 5,
		"Shoe Size,Colour":                                    0,
	} {
		require.Equal(t, want, salesforce(t).Detect(Look{Header: strings.Split(header, ",")}).Known, header)
	}
}

// TestDetect_NoPrefixes tells objects of a CRM whose ids say nothing by their headers alone.
func TestDetect_NoPrefixes(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
objects:
  Deal:
    recognise: {any: [Deal Name, Deal Stage]}
    aliases: {Deal Name: [Dealname, "Nom de la transaction"]}
    key: [Record ID]
    node: {type: opportunity}
  Person:
    recognise: {all: [Record ID, First Name], none: [Deal Stage]}
    key: [Record ID]
    node: {type: person}
`)
	for header, want := range map[string]string{
		"Record ID,Deal Name":                "Deal",
		"Record ID,dealname":                 "Deal",
		"Record ID,NOM DE LA TRANSACTION":    "Deal",
		"Record ID,First Name":               "Person",
		"Record ID,First Name,Deal Name":     "Person", // of two, the one with more of its columns
		"Record ID,First Name,Deal Stage":    "Deal",
		"Record ID,Company Name":             "",
		"First Name,Last Name,Company Owner": "",
	} {
		look := Look{Header: strings.Split(header, ","), Sample: [][]string{{"1", "2", "3"}}}
		require.Equal(t, want, m.Detect(look).Object, header)
	}
}

func TestSnakeCase(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]string{
		"Id": "id", "AccountId": "account_id", "IsDeleted": "is_deleted", "CurrencyIsoCode": "currency_iso_code",
		"Territory2Id": "territory2_id", "Region__c": "region_c", "Budget_Confirmed__c": "budget_confirmed_c",
		"hs_object_id": "hs_object_id", "": "",
	} {
		require.Equal(t, want, snakeCase(name))
	}
}

// TestDetect_Dynamics365 tells the objects of copies that hold little more than ids.
func TestDetect_Dynamics365(t *testing.T) {
	t.Parallel()

	m := builtinNamed(t, "dynamics365")
	for header, want := range map[string]string{
		"accountid,name01,name02":     "Account",
		"contactid,name01,name02":     "Contact",
		"opportunityid,name01,name02": "Opportunity",
		"stringmapid,_fivetran_deleted,attributename,attributevalue,objecttypecode,value,renamed_attributename": "StringMap",
		"activityid,name01,name02": "", // of what kind and when, nothing tells
		"incidentid,name01,name02": "",
		// What others write.
		"Id,AccountId,LastName":                      "",
		"Id,IsDeleted,OpportunityId,ContactId":       "",
		"Record ID,Company name,City":                "",
		"Account ID,Account Name,Type,Billing City":  "",
		"Id,Name,Phone,Owner":                        "",
		"Record Id,Account Name,Account Owner,Phone": "",
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()

			v := m.Detect(Look{Header: strings.Split(header, ",")})
			require.Equal(t, want, v.Object, v.Evidence)
		})
	}
}

// TestDetect_Odoo tells objects apart by headers that differ little.
func TestDetect_Odoo(t *testing.T) {
	t.Parallel()

	m := builtinNamed(t, "odoo")
	for header, want := range map[string]string{
		"id,name,email,phone,is_company,write_date,create_date":               "Partner",
		"id,name,email,child_ids/name,child_ids/street":                       "Company",
		"id,name,is_company,child_ids/name,child_ids/email":                   "Partner",
		"id,name,partner_name,email_from,stage_id,write_date":                 "Lead",
		"External ID,Opportunity,Stage,Expected Revenue,Salesperson":          "Lead",
		"Display Name,Phone,Email,Salesperson,Activities,City,Country":        "",
		"Name,Phone,Email,Salesperson,Related Company,City,Country":           "Partner",
		"id,login,name,partner_id":                                            "User",
		"id,name,is_won,sequence":                                             "Stage",
		"id,name":                                                             "", // could be anything
		"Company_ID;Company_Name;Phone;www;Account_Manager;address1;city":     "",
		"id,name,creator_id,owner_id,stage_id,contact_id,value":               "", // Zendesk Sell
		"id,title,stage_id,pipeline_id,org_id,person_id":                      "", // Pipedrive
		"id,account_id,name,stage_name,amount,is_won,is_closed,probability":   "", // Salesforce
		"id,name,amount,deal_stage_id,deal_pipeline_id,sales_account_id,tags": "", // Freshsales
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()

			v := m.Detect(Look{Header: strings.FieldsFunc(header, func(r rune) bool { return r == ',' || r == ';' })})
			require.Equal(t, want, v.Object, v.Evidence)
		})
	}
}

// TestDetect_TypeOfAnother is not deceived by a type that another CRM calls the same: the ids are
// elsewhere.
func TestDetect_TypeOfAnother(t *testing.T) {
	t.Parallel()
	m := parse(t, `
mapping: x
objects:
  Contact:
    recognise: {all: [Record ID]}
    key: Record ID
    node: {type: person}
`)
	v := m.Detect(Look{Header: []string{"Id", "LastName"}, Types: []string{"Contact"}})
	require.Empty(t, v.Object)
	require.Equal(t, "Contact", v.Looks)
	require.Equal(t, "Contact", m.Detect(Look{Header: []string{"Record ID", "LastName"}, Types: []string{"Contact"}}).Object)
}
