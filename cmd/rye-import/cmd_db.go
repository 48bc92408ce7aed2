package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/internal/migrate"
	"github.com/projectrye/rye-import/internal/pgserver"
)

func cmdDB(s streams) *cli.Command {
	sub := func(name, usage string, action cli.ActionFunc) *cli.Command {
		return &cli.Command{Name: name, Usage: usage, OnUsageError: onUsageError, Action: action}
	}
	return &cli.Command{
		Name:         "db",
		Usage:        "the database: migrate, status, start, stop, url, psql",
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no command %q of db; there are: migrate, status, start, stop, url, psql", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			sub("migrate", "bring the database to the schema of this version", func(c *cli.Context) error { return dbMigrate(c, s) }),
			sub("status", "the private server, and which migrations are applied", func(c *cli.Context) error { return dbStatus(c, s) }),
			sub("start", "start the private PostgreSQL and keep it running", func(c *cli.Context) error { return dbStart(c, s) }),
			sub("stop", "stop the private PostgreSQL", func(c *cli.Context) error { return dbStop(c, s) }),
			sub("url", "print the URL of the database", func(c *cli.Context) error { return dbURL(c, s) }),
			sub("psql", "open the database with psql; arguments after -- go to it", func(c *cli.Context) error { return dbPsql(c, s) }),
		},
	}
}

// privateServer gives the private server, for commands that are about it alone.
func privateServer(c *cli.Context, s streams) (*pgserver.Server, error) {
	if u := c.String("database-url"); u != "" {
		return nil, usagef("this command is for the private PostgreSQL, but the database URL is set (%s)", redacted(u))
	}
	log, err := newLogger(c, s.err)
	if err != nil {
		return nil, err
	}
	return pgserver.New(pgserver.Config{Logger: log})
}

func dbMigrate(c *cli.Context, s streams) (err error) {
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	db, err := openDatabase(c, log, 4)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(c.Context)) }()
	applied, err := migrate.Up(c.Context, db.pool)
	if err != nil {
		return err
	}
	for _, m := range applied {
		fmt.Fprintln(s.out, "applied", m.Name)
	}
	if len(applied) == 0 {
		fmt.Fprintln(s.out, "the database is up to date")
	}
	return nil
}

func dbStatus(c *cli.Context, s streams) (err error) {
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	if c.String("database-url") == "" {
		server, err := pgserver.New(pgserver.Config{Logger: log})
		if err != nil {
			return err
		}
		st, err := server.Status(c.Context)
		if err != nil {
			return err
		}
		writeServerStatus(s, st)
		if !st.Running {
			return nil
		}
	} else {
		fmt.Fprintln(s.out, "database  ", redacted(c.String("database-url")))
	}
	db, err := openDatabase(c, log, 4)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(c.Context)) }()
	list, err := migrate.List(c.Context, db.pool)
	if err != nil {
		return err
	}
	for _, m := range list {
		state := "missing"
		if m.Applied {
			state = "applied"
		}
		fmt.Fprintf(s.out, "migration  %-8s %s\n", state, m.Name)
	}
	return nil
}

func writeServerStatus(s streams, st pgserver.Status) {
	state := "stopped; it starts on demand"
	if st.Running {
		state = fmt.Sprintf("running, pid %d", st.PID)
	}
	if st.Pinned {
		state += ", kept running (db stop ends it)"
	}
	fmt.Fprintln(s.out, "server    ", state)
	fmt.Fprintln(s.out, "version   ", st.Version)
	fmt.Fprintln(s.out, "programs  ", st.BinDir)
	fmt.Fprintln(s.out, "data      ", st.Home, fmt.Sprintf("(%d MB)", st.DataBytes>>20))
	fmt.Fprintln(s.out, "url       ", st.URL)
}

func dbStart(c *cli.Context, s streams) error {
	server, err := privateServer(c, s)
	if err != nil {
		return err
	}
	if err := server.Start(c.Context); err != nil {
		return err
	}
	st, err := server.Status(c.Context)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, st.URL)
	return nil
}

func dbStop(c *cli.Context, s streams) error {
	server, err := privateServer(c, s)
	if err != nil {
		return err
	}
	if err := server.Stop(c.Context); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "stopped")
	return nil
}

func dbURL(c *cli.Context, s streams) error {
	if u := c.String("database-url"); u != "" {
		fmt.Fprintln(s.out, redacted(u))
		return nil
	}
	server, err := privateServer(c, s)
	if err != nil {
		return err
	}
	st, err := server.Status(c.Context)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, st.URL)
	return nil
}

// dbPsql runs psql in the place of this command, and keeps the private server up while it runs.
func dbPsql(c *cli.Context, s streams) (err error) {
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	program := "psql"
	target := c.String("database-url")
	if target == "" {
		server, err := pgserver.New(pgserver.Config{Logger: log})
		if err != nil {
			return err
		}
		if program, err = server.Psql(); err != nil {
			return err
		}
	}
	db, err := openMigrated(c, log, 4)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(c.Context)) }()
	// Ctrl-C is for the query that psql runs, not for this process.
	cmd := exec.CommandContext(context.WithoutCancel(c.Context), program)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c search_path=rye,public")
	open, password := withoutPassword(db.url)
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password) // others can read the arguments of a command
	}
	cmd.Args = append(cmd.Args, append([]string{"--dbname", open}, c.Args().Slice()...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.in, s.out, s.err
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return &doneError{exitFailed}
		}
		return fmt.Errorf("running psql: %w", err)
	}
	return nil
}

// withoutPassword takes the password out of a database URL.
func withoutPassword(databaseURL string) (without, password string) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme == "" {
		return databaseURL, ""
	}
	if p, ok := u.User.Password(); ok {
		password = p
		u.User = url.User(u.User.Username())
	}
	if q := u.Query(); q.Has("password") {
		password = q.Get("password")
		q.Del("password")
		u.RawQuery = q.Encode()
	}
	return u.String(), password
}

// redacted masks the password of a database URL.
func redacted(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme == "" {
		return "(set, not shown: it is no URL and may hold a password)"
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
