package mapping

import "testing"

// TestZendeskSell maps each fixture of the CRM, and finds it to be one of this CRM and of no other.
func TestZendeskSell(t *testing.T) {
	t.Parallel()

	crmGoldens(t, "zendesk_sell")
}
