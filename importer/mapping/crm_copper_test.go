package mapping

import "testing"

func TestCopper(t *testing.T) {
	t.Parallel()
	pipedriveExport(t, "copper")
}
