package mapping

import "testing"

// TestSuiteCRM maps the invented exports of SuiteCRM and SugarCRM.
func TestSuiteCRM(t *testing.T) {
	t.Parallel()
	zohoGoldens(t, "suitecrm")
}
