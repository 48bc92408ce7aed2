package decode

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRejectFile tells reject files by the columns that a run adds, whichever of them are left, and where their rows
// come from.
func TestRejectFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text   string
		header []string
		reject bool
		want   *Origin
	}{
		"whole": {
			"Id,Name,_file,_line,_column,_value,_code,_reason,_stage,_run_id\n1,Ada,a/b.csv,7,Name,,missing_required,blank,map,0f3e\n",
			[]string{"Id", "Name"},
			true, &Origin{RunID: "0f3e", File: "a/b.csv", Line: 7},
		},
		"in another order":  {"_run_id,Id,_line,_file\n0f3e,1, 7 ,b.csv\n", []string{"Id"}, true, &Origin{RunID: "0f3e", File: "b.csv", Line: 7}},
		"without the run":   {"Id,_file,_line\n1,b.csv,7\n", []string{"Id"}, true, &Origin{File: "b.csv", Line: 7}},
		"without the place": {"Id,_code,_run_id\n1,x,0f3e\n", []string{"Id"}, true, &Origin{RunID: "0f3e"}},
		"no line":           {"Id,_line,_file\n1,seven,b.csv\n", []string{"Id"}, true, &Origin{File: "b.csv"}},
		"no such line":      {"Id,_line,_file\n1,-7,b.csv\n", []string{"Id"}, true, &Origin{File: "b.csv"}},
		"too large":         {"Id,_line,_file\n1,99999999999,b.csv\n", []string{"Id"}, true, &Origin{File: "b.csv"}},
		"only one":          {"Id,_file\n1,b.csv\n", []string{"Id", "_file"}, false, nil},
		"of another tool":   {"_id,_rev,Name\n1,2,Ada\n", []string{"_id", "_rev", "Name"}, false, nil},
		"nothing else":      {"_code,_run_id\nx,y\n", []string{"_code", "_run_id"}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Scan(t.Context(), opener([]byte(tc.text)), Options{})
			require.NoError(t, err)
			require.Equal(t, tc.header, p.Header)
			require.Equal(t, tc.header, p.Always)
			require.Equal(t, tc.reject, p.Reject)
			file, err := opener([]byte(tc.text))()
			require.NoError(t, err)
			r, err := NewReader(file, p, Options{})
			require.NoError(t, err)
			rec, err := r.Read()
			require.NoError(t, err)
			require.Equal(t, tc.want, rec.Origin)
		})
	}
}

// TestRejectFile_Bad has a row of a reject file that is bad again: where it comes from is still known.
func TestRejectFile_Bad(t *testing.T) {
	t.Parallel()
	text := "Id,Name,_file,_line,_code\n1,a\x00b,b.csv,7,nul_byte\n"
	p, err := Scan(t.Context(), opener([]byte(text)), Options{})
	require.NoError(t, err)
	file, err := opener([]byte(text))()
	require.NoError(t, err)
	r, err := NewReader(file, p, Options{})
	require.NoError(t, err)
	_, err = r.Read()
	var bad *RecordError
	require.True(t, errors.As(err, &bad), err)
	require.Equal(t, CodeNULByte, bad.Code)
	require.Equal(t, &Origin{File: "b.csv", Line: 7}, bad.Origin)
}

// TestAlways tells the keys that every record has from those that are left out where they are blank.
func TestAlways(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"array":      {`[{"id": 1, "a": null, "b": 2, "o": {"x": 1}}, {"id": 2, "a": "", "o": {"x": 2}, "c": 3}]`, []string{"id", "a", "o.x"}},
		"envelope":   {`{"records": [{"id": 1, "a": 1}, {"id": 2}]}`, []string{"id"}},
		"one record": {`{"id": 1, "a": null}`, []string{"id", "a"}},
		"lines":      {"{\"id\": 1, \"a\": 1}\n{\"id\": 2, \"b\": 1}\n", []string{"id"}},
		"null":       {`[{"id": 1, "o": {"x": 1}}, {"id": 2, "o": null}]`, []string{"id"}},
		"none":       {`[]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Scan(t.Context(), opener([]byte(tc.text)), Options{})
			require.NoError(t, err)
			require.Equal(t, tc.want, p.Always)
		})
	}
}
