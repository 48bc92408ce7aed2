package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// scheduling is the folder of the examples for schedulers.
const scheduling = "../../docs/examples/scheduling"

// night is a machine on which an example runs: its folders, a database, a webhook and tonight's export.
type night struct {
	t        *testing.T
	dir      string
	hook     *hook
	pool     *pgxpool.Pool
	replacer *strings.Replacer
}

// newNight makes a machine. Absolute paths of the examples lead into a folder of the test, and the
// program is the test binary; all else is as it stands in the examples.
func newNight(t *testing.T) *night {
	t.Helper()
	dir := t.TempDir()
	program, err := os.Executable()
	require.NoError(t, err)
	url := pgtest.Clone(t)
	n := &night{t: t, dir: dir, hook: newHook(t, http.StatusOK), pool: pgtest.Connect(t, url)}
	n.replacer = strings.NewReplacer(
		"/usr/local/bin/rye-import", program,
		"/etc/rye-import", filepath.Join(dir, "etc"),
		"/var/lib/rye-import", filepath.Join(dir, "state"),
		"/srv/exports", filepath.Join(dir, "exports"),
		"postgres://etl:change-me@db.example.com/crm?sslmode=verify-full", url,
		"https://hooks.example.com/change-me", n.hook.url,
	)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "state"), 0o700))
	for _, name := range []string{"rye-import.yaml", "rye-import.env"} {
		write(t, dir, "etc/"+name, n.example(name))
	}
	n.export("2024-05-05", 0)
	return n
}

// example reads an example as it stands on the machine.
func (n *night) example(name string) string {
	n.t.Helper()
	text, err := os.ReadFile(filepath.Join(scheduling, name))
	require.NoError(n.t, err)
	return n.replacer.Replace(string(text))
}

// export puts an export of 200 contacts into tonight's folder, some of which are to be rejected.
func (n *night) export(date string, bad int) {
	n.t.Helper()
	rows := []string{contactHeader}
	for i := range 200 {
		row := contactRow(fmt.Sprintf("0037R0NIGHT%04d", i), fmt.Sprintf("Person %d", i), "")
		if i < bad {
			row = badRow(fmt.Sprintf("0037R0NIGHT%04d", i), "Person")
		}
		rows = append(rows, row)
	}
	write(n.t, n.dir, "exports/salesforce/"+date+"/Contact.csv", csvFile(rows...))
}

// execute runs a command line as a scheduler does, with these variables and few others.
func (n *night) execute(env []string, args ...string) result {
	n.t.Helper()
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir = filepath.Join(n.dir, "state")
	cmd.Env = append([]string{childEnv + "=1", "PATH=/usr/bin:/bin", "RYE_HOME=/dev/null/home"}, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(n.t, err)
	}
	return result{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// check has a night that goes well, one with new rejects and one that fails; the codes are those of the
// last two.
func (n *night) check(run func() result, rejects, fails int) {
	n.t.Helper()
	r := run()
	require.Equal(n.t, exitDone, r.code, r.stdout+r.stderr)
	require.Empty(n.t, n.hook.sent())
	require.Equal(n.t, 200, value[int](n.t, n.pool, "SELECT count(*) FROM rye.nodes WHERE node_type = 'person'"))
	metrics, err := os.ReadFile(filepath.Join(n.dir, "state/metrics/rye-import.prom"))
	require.NoError(n.t, err)
	require.Contains(n.t, string(metrics), `rye_import_last_run_exit_code{source="salesforce"} 0`)
	require.NotContains(n.t, string(metrics), "hubspot", "its optional files have not come")

	n.export("2024-05-06", 2)
	r = run()
	require.Equal(n.t, rejects, r.code, r.stdout+r.stderr)
	require.Len(n.t, n.hook.sent(), 1)
	files, err := filepath.Glob(filepath.Join(n.dir, "state/rejects/*/Contact.csv"))
	require.NoError(n.t, err)
	require.Len(n.t, files, 1)

	n.export("2024-05-07", 50)
	r = run()
	require.Equal(n.t, fails, r.code, r.stdout+r.stderr)
	require.Len(n.t, n.hook.sent(), 2)
	require.Contains(n.t, n.hook.sent()[1], `"status":"stopped"`)
	require.NotContains(n.t, r.stdout+r.stderr, "secret-token")
}

// unit reads a unit of systemd: the values of each key.
func unit(text string) map[string][]string {
	values := make(map[string][]string)
	for l := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(l), "="); ok && !strings.HasPrefix(key, "#") {
			values[key] = append(values[key], value)
		}
	}
	return values
}

func TestScheduling_Systemd(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	service := unit(n.example("rye-import.service"))
	require.Equal(t, []string{"3"}, service["SuccessExitStatus"])
	require.NotEqual(t, []string{"root"}, service["User"])
	require.Equal(t, []string{"oneshot"}, service["Type"])
	require.Equal(t, []string{filepath.Join(n.dir, "state")}, service["WorkingDirectory"])
	require.Equal(t, []string{"*-*-* 02:30:00"}, unit(n.example("rye-import.timer"))["OnCalendar"])
	require.Len(t, service["ExecStart"], 1)
	require.Len(t, service["EnvironmentFile"], 1)
	envFile, err := os.ReadFile(service["EnvironmentFile"][0])
	require.NoError(t, err)
	var env []string
	for key, v := range unit(string(envFile)) {
		env = append(env, key+"="+strings.Trim(v[0], "'"))
	}
	require.Len(t, env, 2)
	n.check(func() result { return n.execute(env, strings.Fields(service["ExecStart"][0])...) }, exitRejects, exitGuard)

	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("systemd-analyze is not there; the units were not verified")
		return
	}
	// The units of the test are those of the example, with a program that is there.
	for _, name := range []string{"rye-import.service", "rye-import.timer"} {
		write(t, n.dir, "units/"+name, n.example(name))
	}
	verify := n.execute(nil, "systemd-analyze", "verify", "--man=no",
		filepath.Join(n.dir, "units/rye-import.service"), filepath.Join(n.dir, "units/rye-import.timer"))
	for l := range strings.Lines(verify.stdout + verify.stderr) {
		require.NotContains(t, l, "rye-import", "systemd-analyze verify has something to say of the units")
	}
	calendar := n.execute(nil, "systemd-analyze", "calendar", "*-*-* 02:30:00")
	require.Zero(t, calendar.code, calendar.stderr)
}

func TestScheduling_Cron(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	entry := regexp.MustCompile(`^([\d*/,-]+ ){5}([a-z][a-z-]*) (.+)$`)
	var commands []string
	for l := range strings.Lines(n.example("rye-import.cron")) {
		l = strings.TrimSuffix(l, "\n")
		switch m := entry.FindStringSubmatch(l); {
		case strings.HasPrefix(l, "#"), regexp.MustCompile(`^[A-Z]+=\S+$`).MatchString(l):
		default:
			require.NotNil(t, m, l)
			require.Equal(t, "rye-import", m[2], "the user")
			commands = append(commands, m[3])
		}
	}
	require.Len(t, commands, 1)
	require.NotContains(t, commands[0], "%", "cron ends the command there")
	var last result
	n.check(func() result {
		last = n.execute(nil, "/bin/sh", "-c", commands[0])
		if last.code == exitDone && last.stdout+last.stderr != "" {
			last.code = -1 // it was mailed
		}
		return last
	}, exitDone, -1)
	require.Contains(t, last.stdout, "--max-rejects 1%", "the mail says why")
}

func TestScheduling_Kubernetes(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	type ref struct{ Name, Key string }
	type object struct {
		Kind       string
		StringData map[string]string `yaml:"stringData"`
		Data       map[string]string
		Metadata   struct{ Name string }
		Spec       struct {
			ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
			JobTemplate       struct {
				Spec struct {
					BackoffLimit *int `yaml:"backoffLimit"`
					Template     struct {
						Spec struct {
							RestartPolicy   string `yaml:"restartPolicy"`
							SecurityContext struct {
								RunAsNonRoot bool `yaml:"runAsNonRoot"`
								RunAsUser    int  `yaml:"runAsUser"`
							} `yaml:"securityContext"`
							Containers []struct {
								Command, Args []string
								WorkingDir    string `yaml:"workingDir"`
								Env           []struct {
									Name, Value string
									ValueFrom   struct {
										SecretKeyRef *ref `yaml:"secretKeyRef"`
									} `yaml:"valueFrom"`
								}
								VolumeMounts []struct {
									Name      string
									MountPath string `yaml:"mountPath"`
								} `yaml:"volumeMounts"`
							}
							Volumes []struct {
								Name      string
								ConfigMap *ref `yaml:"configMap"`
							}
						}
					}
				}
			} `yaml:"jobTemplate"`
		}
	}
	objects := make(map[string]object)
	for doc := range strings.SplitSeq(n.example("cronjob.yaml"), "---\n") {
		var o object
		require.NoError(t, yaml.Unmarshal([]byte(doc), &o))
		require.Equal(t, "rye-import", o.Metadata.Name)
		objects[o.Kind] = o
	}
	require.Len(t, objects, 3)
	job := objects["CronJob"].Spec
	pod := job.JobTemplate.Spec.Template.Spec
	require.Equal(t, "Forbid", job.ConcurrencyPolicy)
	require.Equal(t, "Never", pod.RestartPolicy)
	require.Equal(t, 0, *job.JobTemplate.Spec.BackoffLimit)
	require.True(t, pod.SecurityContext.RunAsNonRoot)
	require.NotZero(t, pod.SecurityContext.RunAsUser)
	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]

	// Whatever is mounted is a volume, and the config file is that of the other examples.
	volumes := make(map[string]bool)
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
	}
	for _, m := range c.VolumeMounts {
		require.True(t, volumes[m.Name], m.Name)
		require.DirExists(t, m.MountPath)
	}
	require.Equal(t, n.example("rye-import.yaml"), objects["ConfigMap"].Data["rye-import.yaml"])
	require.Equal(t, filepath.Join(n.dir, "state"), c.WorkingDir)

	var env []string
	for _, e := range c.Env {
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			require.Contains(t, objects["Secret"].StringData, r.Key)
			e.Value = objects["Secret"].StringData[r.Key]
		}
		env = append(env, e.Name+"="+e.Value)
	}
	var last result
	n.check(func() result {
		last = n.execute(env, append(c.Command, c.Args...)...)
		return last
	}, exitDone, exitGuard)
	for l := range strings.Lines(last.stderr) {
		require.True(t, json.Valid([]byte(l)), l)
	}
}
