package mapping

import "testing"

// TestFreshsales maps each fixture of the CRM, and finds it to be one of this CRM and of no other.
func TestFreshsales(t *testing.T) {
	t.Parallel()

	crmGoldens(t, "freshsales")
}
