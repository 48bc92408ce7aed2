package modeltest

import (
	"context"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/importer"
)

// undoer takes a run back and gives the id of the run that did so, which can be taken back too.
type undoer func(ctx context.Context, im *importer.Importer, runID string) (undoID string, err error)

// undo is nil as long as the importer cannot take runs back; play leaves these checks out then.
func undo() undoer { return nil }

// standing are the lines of what holds. A fact that was restored is asserted anew, so that what is over is
// not the same after an undo; what the run made is archived if it is not gone.
func standing(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return strings.HasSuffix(l, " | archived") || strings.HasPrefix(l, "event ") || strings.HasPrefix(l, "fact ") && !strings.Contains(l, " to now")
	})
}

// takeBack undoes a run and undoes that. It gives what is not as it was before the run, and after it.
func takeBack(ctx context.Context, u undoer, im *importer.Importer, runID string, before []string, lines func() []string) (string, error) {
	after := lines()
	id, err := u(ctx, im, runID)
	if err != nil {
		return "", err
	}
	if d := difference(standing(before), standing(lines())); d != "" {
		return "undone, it is not as before (model: before the run):\n" + d, nil
	}
	if _, err := u(ctx, im, id); err != nil {
		return "", err
	}
	if d := difference(standing(after), standing(lines())); d != "" {
		return "with the undo undone, it is not as after the run (model: after the run):\n" + d, nil
	}
	return "", nil
}
