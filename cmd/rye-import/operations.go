package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/metrics"
	"github.com/projectrye/rye-import/internal/webhook"
)

// operations is who is told how a run ended, besides the one who started it.
type operations struct {
	metricsFile string
	hook        *webhook.Hook
	hookRejects bool // whether new rejects are worth a message
	exitZero    bool // whether a run that is done with rejects ends with 0
}

func newOperations(c *cli.Context) (operations, error) {
	ops := operations{metricsFile: c.String("metrics-file"), exitZero: c.Bool("exit-zero-on-rejects")}
	switch on := c.String("webhook-on"); on {
	case "any":
		ops.hookRejects = true
	case "failure":
	default:
		return ops, usagef("--webhook-on %q: any or failure", on)
	}
	if u := c.String("webhook"); u != "" {
		var err error
		if ops.hook, err = webhook.New(u, webhook.Options{}); err != nil {
			return ops, usagef("--webhook: %w", err) // the URL may hold a secret
		}
	}
	return ops, nil
}

// failure is the message of the webhook. It holds no values of records.
type failure struct {
	Event      string        `json:"event"`
	Source     string        `json:"source"`
	Command    string        `json:"command"`
	Status     string        `json:"status"`
	ExitCode   int           `json:"exit_code"`
	Error      string        `json:"error,omitempty"`
	RunID      string        `json:"run_id,omitempty"`
	StartedAt  time.Time     `json:"started_at"`
	FinishedAt time.Time     `json:"finished_at"`
	Seconds    float64       `json:"seconds"`
	Records    report.Object `json:"records"`
	Rejects    report.Counts `json:"rejects"`
	NewRejects int64         `json:"new_rejects"`
}

// conclude writes the metrics of a run that has ended, and sends the webhook if it did not end well. What
// goes wrong here is a warning: it changes nothing about the run.
func (ops operations) conclude(ctx context.Context, log *slog.Logger, summary *report.Summary, err error) {
	code := statusOf(ctx, err)
	if ops.metricsFile != "" {
		ops.measure(log, summary, code)
	}
	if ops.hook == nil || code == exitDone || code == exitRejects && !ops.hookRejects {
		return
	}
	message := failure{
		Event: "run_ended", Source: summary.Source, Command: summary.Command, Status: statusName(code), ExitCode: code, RunID: summary.RunID,
		StartedAt: summary.StartedAt, FinishedAt: summary.FinishedAt, Seconds: summary.Seconds, Records: summary.Records(),
		Rejects: summary.Rejects.ByCode, NewRejects: summary.Rejects.Total() - summary.Rejects.Known,
	}
	var done *doneError
	if err != nil && !errors.As(err, &done) {
		message.Error = err.Error()
	}
	// Who interrupts a run, or a scheduler that ends it, wants the message sent all the same.
	if err := ops.hook.Send(context.WithoutCancel(ctx), message); err != nil {
		log.Warn("the webhook was not told how the run ended", "source", summary.Source, "run_id", summary.RunID, "err", err)
	}
}

func (ops operations) measure(log *slog.Logger, summary *report.Summary, code int) {
	if summary.Source == "" {
		log.Warn("the metrics file was not written: the run failed before it was known which source it is of; name it by --source")
		return
	}
	err := metrics.Write(ops.metricsFile, metrics.Run{
		Summary: summary, ExitCode: code, Status: statusName(code), Success: code == exitDone || code == exitRejects,
		Statuses: []string{"done", "failed", "usage", "rejects", "stopped", "locked", "interrupted"},
	})
	if err != nil {
		log.Warn("the metrics of the run were not kept", "source", summary.Source, "run_id", summary.RunID, "err", err)
	}
}

// settle gives what the program ends with.
func (ops operations) settle(code int) error {
	if code == exitDone || code == exitRejects && ops.exitZero {
		return nil
	}
	return &doneError{code}
}
