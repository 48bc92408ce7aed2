package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(text)
}

const trailerNames = "_file,_line,_column,_value,_code,_reason,_stage,_run_id\n"

func TestRejectWriter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "rejects", runID)
	w := NewRejectWriter(dir, runID)
	w.Columns("Contact", []string{"Id", "LastName"})
	w.Columns("Account", []string{"Id"})
	w.Columns("Contact", []string{"LastName", "Level__c", "Id"})
	require.NoDirExists(t, dir, "nothing is made before the first row")

	require.NoError(t, w.Write("Contact", []string{"Id", "LastName"}, []string{"1", "Lovelace"}, RejectTrailer{
		File: "Contact.csv", Line: 2, Column: "LastName", Value: "Lovelace", Code: "invalid_date", Reason: "no such day", Stage: "map",
		RunID: "is that of the writer",
	}))
	// Another file of the object, with other columns in another order; the row has a cell too few.
	require.NoError(t, w.Write("Contact", []string{"LastName", "Level__c", "Id"}, []string{"Babbage", "Primary"}, RejectTrailer{
		File: "b/Contact.csv", Line: 1_000_000, Code: "ragged_row", Reason: "a cell, too few", Stage: "decode",
	}))
	// A column that nobody has announced has no place.
	require.NoError(t, w.Write("Contact", []string{"Surprise", "Id"}, []string{"x", "3"}, RejectTrailer{}))
	require.NoError(t, w.Close())

	require.Equal(t, "Id,LastName,Level__c,"+trailerNames+
		"1,Lovelace,,Contact.csv,2,LastName,Lovelace,invalid_date,no such day,map,"+runID+"\n"+
		",Babbage,Primary,b/Contact.csv,1000000,,,ragged_row,\"a cell, too few\",decode,"+runID+"\n"+
		"3,,,,0,,,,,,"+runID+"\n", read(t, dir, "Contact.csv"))
	require.NoFileExists(t, filepath.Join(dir, "Account.csv"), "an object without rejects has no file")

	info, err := os.Stat(filepath.Join(dir, "Contact.csv"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	for _, folder := range []string{dir, filepath.Dir(dir)} {
		info, err = os.Stat(folder)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	}
}

// TestRejectWriter_Bytes keeps cells as they are, whatever they are.
func TestRejectWriter_Bytes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ cell, want string }{
		"no text":       {"caf\xe9\xff", "caf\xe9\xff"},
		"NUL":           {"a\x00b", "a\x00b"},
		"quotes":        {`a "b" c`, `"a ""b"" c"`},
		"CR LF":         {"a\r\nb\rc\nd", "\"a\r\nb\rc\nd\""},
		"spaces":        {"  a ", `"  a "`},
		"separators":    {"a,b;c\td", `"a,b;c` + "\td\""},
		"end of COPY":   {`\.`, `"\."`},
		"formula":       {"=1+1", "=1+1"},
		"byte order":    {"\ufeffa", "\ufeffa"},
		"decomposed":    {"e\u0301", "e\u0301"},
		"not a trailer": {"_code", "_code"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			w := NewRejectWriter(dir, "run")
			w.Columns("Contact", []string{"Id", "Text"})
			require.NoError(t, w.Write("Contact", []string{"Id", "Text"}, []string{"1", tc.cell}, RejectTrailer{Value: tc.cell}))
			require.NoError(t, w.Close())
			require.Equal(t, "Id,Text,"+trailerNames+"1,"+tc.want+",,0,,"+tc.want+",,,,run\n", read(t, dir, "Contact.csv"))
		})
	}
}

func TestRejectWriter_Names(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{
		"Contact": "Contact", "../../etc/passwd": "_.._etc_passwd", `a\b:c*d?e"f<g>h|i`: "a_b_c_d_e_f_g_h_i",
		"a\nb\x00": "a_b_", ".hidden": "hidden", "..": "records", "": "records", "Kontakt ž": "Kontakt ž",
	} {
		require.Equal(t, want, fileName(object), "%q", object)
	}
	dir := t.TempDir()
	inner := filepath.Join(dir, "inner")
	w := NewRejectWriter(inner, "run")
	require.NoError(t, w.Write("../outside", nil, nil, RejectTrailer{}))
	require.NoError(t, w.Close())
	require.NoFileExists(t, filepath.Join(dir, "outside.csv"))
	require.FileExists(t, filepath.Join(inner, "_outside.csv"))
}

// TestRejectWriter_NamesAlike has objects whose names come to the same file: each keeps its own.
func TestRejectWriter_NamesAlike(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := NewRejectWriter(dir, "run")
	objects := []string{"a/b", "a:b", "A/B"}
	for _, object := range objects {
		w.Columns(object, []string{"Id"})
		require.NoError(t, w.Write(object, []string{"Id"}, []string{object}, RejectTrailer{}))
	}
	require.NoError(t, w.Close())
	for i, name := range []string{"a_b.csv", "a_b_2.csv", "A_B_3.csv"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Contains(t, string(text), "\n"+objects[i]+",")
	}
}

func TestRejectWriter_Errors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	w := NewRejectWriter(filepath.Join(dir, "file", "run"), "run")
	require.ErrorContains(t, w.Write("Contact", nil, nil, RejectTrailer{}), "making the folder of the rejects")
	require.NoError(t, w.Close())

	require.NoError(t, os.Mkdir(filepath.Join(dir, "Contact.csv"), 0o700))
	w = NewRejectWriter(dir, "run")
	require.ErrorContains(t, w.Write("Contact", nil, nil, RejectTrailer{}), "making a reject file")
	require.NoError(t, w.Close())
}

// TestRejectWriter_Full writes more than a buffer holds where no room is left.
func TestRejectWriter_Full(t *testing.T) {
	t.Parallel()
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("this system has no device that is always full")
	}
	dir := t.TempDir()
	require.NoError(t, os.Symlink(full, filepath.Join(dir, "Contact.csv")))
	w := NewRejectWriter(dir, "run")
	require.NoError(t, w.Write("Contact", nil, nil, RejectTrailer{Reason: "fits into the buffer"}))
	require.ErrorContains(t, w.Close(), "no space left")
}
