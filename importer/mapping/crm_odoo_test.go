package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOdoo maps each fixture of the CRM, and finds it to be one of this CRM and of no other.
func TestOdoo(t *testing.T) {
	t.Parallel()

	crmGoldens(t, "odoo")
}

// TestOdooHeaders tells objects apart by headers that differ little.
func TestOdooHeaders(t *testing.T) {
	t.Parallel()

	m, err := Builtin("odoo")
	require.NoError(t, err)
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
