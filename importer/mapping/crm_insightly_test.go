package mapping

import "testing"

func TestInsightly(t *testing.T) {
	t.Parallel()
	pipedriveExport(t, "insightly")
}
