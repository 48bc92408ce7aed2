package draft

import (
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/profile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fileOf profiles CSV.
func fileOf(path, text string) File {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	f := File{Paths: []string{path}}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return f
		}
		if err != nil {
			continue
		}
		if f.Columns == nil {
			for _, name := range cells {
				f.Columns = append(f.Columns, profile.NewColumn(name))
			}
			continue
		}
		f.Records++
		for i, cell := range cells {
			if i < len(f.Columns) {
				f.Columns[i].Add(cell)
			}
		}
	}
}

// readExport reads the files of a folder of testdata, which stand in one text: a line with the name of
// each, and its rows below.
func readExport(t *testing.T, name string) []File {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	require.NoError(t, err)
	var files []File
	for _, part := range strings.Split("\n"+string(text), "\n=== ")[1:] {
		path, rows, ok := strings.Cut(part, "\n")
		require.True(t, ok)
		files = append(files, fileOf(path, rows))
	}
	return files
}

// TestWrite drafts mappings of invented exports.
func TestWrite(t *testing.T) {
	t.Parallel()
	exports, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, exports)
	for _, path := range exports {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := readExport(t, name)
			got := Write(files)
			m, err := mapping.Parse([]byte(got))
			require.NoError(t, err, got)
			told := make(map[string]bool)
			for _, f := range files {
				look := mapping.Look{}
				for _, c := range f.Columns {
					look.Header = append(look.Header, c.Name)
				}
				v := m.Detect(look)
				require.NotEmpty(t, v.Object, "%v: %s", f.Paths, v.Evidence)
				require.False(t, told[v.Object], "%v is taken for %s", f.Paths, v.Object)
				told[v.Object] = true
			}
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
				return
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "go test ./importer/draft -update writes it")
			require.Equal(t, string(want), got)
		})
	}
}

// TestRoles has no name with two meanings, and none that can never be met.
func TestRoles(t *testing.T) {
	t.Parallel()
	seen := make(map[string]role)
	for r, list := range roles {
		for _, p := range list {
			require.Empty(t, seen[p], p)
			seen[p] = r
			require.Equal(t, p, strings.Join(wordsOf(p), " "))
		}
	}
	for name, want := range map[string]role{
		"First Name": "first_name", "FirstName": "first_name", "first-name": "first_name", "PRÉNOM": "first_name", "Straße": "street",
		"Geändert am": "changed", "Contact - Email": "email", "Deal - Value": "amount", "Code postal": "postal_code", "Correo electrónico": "email",
		"Shoe size": "", "": "",
	} {
		r, _ := roleOf(seen, wordsOf(name))
		require.Equal(t, want, r, name)
	}
}

// TestSure says of each line of an object how sure it is, in percent.
func TestSure(t *testing.T) {
	t.Parallel()
	percent := regexp.MustCompile(`# (\d+) %: .`)
	text := Write(readExport(t, "shop"))
	require.Greater(t, len(percent.FindAllString(text, -1)), 20)
	for line := range strings.Lines(text) {
		for _, key := range []string{"key:", "created:", "changed:", "- {type:", "as:"} {
			if strings.Contains(line, key) && !strings.Contains(line, "claim:") && !strings.Contains(line, "since:") {
				require.Regexp(t, percent, line)
			}
		}
	}
}

// FuzzWrite drafts what can be read, whatever the files.
func FuzzWrite(f *testing.F) {
	for _, s := range []string{
		"id,name\n1,a\n2,b\n", "true,null,~,007\nyes,no,1,2\n", "a: b,{x},[y],#z,\"q\"\"\"\n1,2,3,4,5\n", "code,code,Code\n1,2,3\n", "é,ß,山\n1,2,3\n",
		"Deal,Stage,Amount,Probability,Pipeline,Created\nA,Won,\"1,5\",20 %,Sales,2024-01-01\n", "Subject,Date,Body\nx,2024-01-01,<p>y</p>\n", "First Name\n\n\n", "\x00\x01,\u2028\n\u0085,\ufeff\n",
		"a\nb|||x\ny", "id,company id\n1,1\n|||company id,company\n1,Acme\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var files []File
		columns := 0
		for part := range strings.SplitSeq(strings.ToValidUTF8(text, "?"), "|||") {
			file := fileOf("folder/some file.csv", part)
			columns += len(file.Columns)
			files = append(files, file)
		}
		got := Write(files)
		_, err := mapping.Parse([]byte(got))
		if columns > 0 {
			require.NoError(t, err, got)
		}
	})
}
