// Command quietdeals reports the deals under way that nothing has happened on for some time, by owner. It
// is an example of a program that uses package db from outside.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/projectrye/rye-import/db"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Getenv, time.Now(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code) //nolint:forbidigo // this is main
}

func run(ctx context.Context, args []string, getenv func(string) string, now time.Time, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("quietdeals", flag.ContinueOnError)
	flags.SetOutput(stderr)
	days := flags.Int("days", 30, "report deals without any event for this many days")
	user := flags.String("user", "", "report what this user sees, as user:eve; under row-level security only")
	teams := flags.String("teams", "", "the user's teams, with commas between")
	role := flags.String("role", db.SessionTeamMember, "the user's role")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil: // flag has said so
		return exitUsage
	case flags.NArg() > 0 || *days < 1 || *user == "" && *teams != "":
		fmt.Fprintln(stderr, "quietdeals: -days is 1 or more, -teams are those of a -user, and there are no other arguments")
		return exitUsage
	case getenv("DATABASE_URL") == "":
		fmt.Fprintln(stderr, "quietdeals: DATABASE_URL is not set")
		return exitUsage
	}
	var viewer db.SessionSetContextParams
	if *user != "" {
		viewer = db.SessionSetContextParams{UserID: *user, Teams: strings.FieldsFunc(*teams, isComma), Role: *role}
	}
	if err := report(ctx, getenv("DATABASE_URL"), viewer, now, *days, stdout); err != nil {
		fmt.Fprintln(stderr, "quietdeals:", err)
		return exitFailed
	}
	return exitDone
}

func isComma(r rune) bool { return r == ',' }

func report(ctx context.Context, url string, viewer db.SessionSetContextParams, now time.Time, days int, out io.Writer) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()

	var deals []deal
	// All pages are read from one state of the graph, and on behalf of one user.
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, db.WithErrors(conn), options, func(tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.SessionSetContext(ctx, viewer); err != nil {
			return err
		}
		session, err := q.SessionGetContext(ctx)
		if err != nil {
			return err
		}
		list := listAll
		switch {
		case session.RowSecurity:
			list = listSeen
		case viewer.UserID != "":
			return fmt.Errorf("%s sees all, whoever the -user is: connect as a member of rye_app", session.DatabaseRole)
		}
		deals, err = list(ctx, q, now.AddDate(0, 0, -days))
		return err
	})
	if errors.Is(err, db.ErrNotPermitted) {
		return fmt.Errorf("connect as a member of rye_app or rye_loader: %w", err)
	}
	if err != nil {
		return err
	}
	return write(out, deals, now, days)
}
