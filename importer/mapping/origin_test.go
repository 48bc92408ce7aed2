package mapping_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/mapping"
)

func TestPropertyColumns(t *testing.T) {
	t.Parallel()
	m, err := mapping.Builtin("salesforce")
	require.NoError(t, err)
	for _, tc := range []struct {
		object, property string
		want             []string
	}{
		{"Contact", "email", []string{"Email"}},
		{"Contact", "phone", []string{"HomePhone", "MobilePhone", "OtherPhone", "Phone"}},
		{"Contact", "record_type_id", []string{"RecordTypeId"}},
		{"Contact", "address", []string{
			"MailingAddress", "MailingCity", "MailingCountry", "MailingCountryCode", "MailingGeocodeAccuracy", "MailingLatitude", "MailingLongitude",
			"MailingPostalCode", "MailingState", "MailingStateCode", "MailingStreet",
		}},
		{"Account", "first_name", []string{"FirstName"}}, // of an alternative
		{"Account", "industry", []string{"Industry"}},    // of every alternative
		{"Contact", "Heat_Load_kW__c", nil},
		{"Task", "email", nil},
		{"Nothing", "email", nil},
	} {
		require.Equal(t, tc.want, m.PropertyColumns(tc.object, tc.property), "%s %s", tc.object, tc.property)
	}
}
