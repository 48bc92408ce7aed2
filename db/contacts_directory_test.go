package db_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func TestContactDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.more()
	materialized := func(ctx context.Context, q *db.Queries, org *uuid.UUID, letters string) []uuid.UUID {
		return keysInPages(t, func(r db.ContactsDirectory) uuid.UUID { return r.NodeID }, func(last *db.ContactsDirectory, most int32) ([]db.ContactsDirectory, error) {
			p := db.ContactDirectoryListParams{OrgID: org, Letters: letters, MaxRows: most}
			if last != nil {
				p.AfterLastName, p.AfterFirstName, p.AfterID = last.LastName, last.FirstName, &last.NodeID
			}
			return q.ContactDirectoryList(ctx, p)
		})
	}
	secure := func(ctx context.Context, q *db.Queries, org *uuid.UUID, letters string) []uuid.UUID {
		return keysInPages(t, func(r db.ContactsDirectorySecure) uuid.UUID { return r.NodeID }, func(last *db.ContactsDirectorySecure, most int32) ([]db.ContactsDirectorySecure, error) {
			p := db.ContactDirectorySecureListParams{OrgID: org, Letters: letters, MaxRows: most}
			if last != nil {
				p.AfterLastName, p.AfterFirstName, p.AfterID = last.LastName, last.FirstName, &last.NodeID
			}
			return q.ContactDirectorySecureList(ctx, p)
		})
	}
	for _, c := range []struct {
		org         *uuid.UUID
		letters     string
		all, others []uuid.UUID
	}{
		{nil, "", []uuid.UUID{blank, bob, ada, adaTwin, sue, eve}, []uuid.UUID{blank, bob, ada, adaTwin, eve}},
		{nil, "lOv", []uuid.UUID{ada, adaTwin}, []uuid.UUID{ada, adaTwin}},
		{nil, "se", []uuid.UUID{sue, eve}, []uuid.UUID{eve}},
		{nil, "%", []uuid.UUID{}, []uuid.UUID{}},
		{&acme, "", []uuid.UUID{ada, sue}, []uuid.UUID{ada}},
		{&acme, "s", []uuid.UUID{sue}, []uuid.UUID{}},
		{&bob, "", []uuid.UUID{}, []uuid.UUID{}},
	} {
		w.asOwner(func(ctx context.Context, q *db.Queries) {
			require.Equal(t, c.all, materialized(ctx, q, c.org, c.letters), c.letters)
		})
		for _, v := range []viewer{support, helpdesk, admin} {
			w.as(v, func(ctx context.Context, q *db.Queries) {
				require.Equal(t, c.all, secure(ctx, q, c.org, c.letters), c.letters)
			})
		}
		for _, v := range []viewer{salesman, nobody, agent} {
			w.as(v, func(ctx context.Context, q *db.Queries) {
				require.Equal(t, c.others, secure(ctx, q, c.org, c.letters), c.letters)
			})
		}
	}

	want := db.ContactsDirectory{
		NodeID: sue, Label: new("Sue Secret"), Code: new("CON-2401-0004"), FirstName: new("Sue"), LastName: new("Secret"), Email: new("sue@acme.example"),
		Organization: new("Acme Brewing"), OrgID: &acme, CurrentSentiment: []byte(`{"stance": "angry"}`), CreatedAt: moment(t, "2024-01-06T08:00:00Z"),
	}
	nothing := db.ContactsDirectory{NodeID: blank, CreatedAt: moment(t, "2024-02-01T08:00:00Z")}
	w.asOwner(func(ctx context.Context, q *db.Queries) {
		for person, want := range map[uuid.UUID]db.ContactsDirectory{sue: want, blank: nothing} {
			got, err := q.ContactDirectoryGet(ctx, person)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err := q.ContactDirectoryGet(ctx, acme)
		require.ErrorIs(t, err, pgx.ErrNoRows)
	})
	w.as(support, func(ctx context.Context, q *db.Queries) {
		for person, want := range map[uuid.UUID]db.ContactsDirectory{sue: want, blank: nothing} {
			got, err := q.ContactDirectorySecureGet(ctx, person)
			require.NoError(t, err)
			require.Equal(t, db.ContactsDirectorySecure(want), got)
		}
		ada, err := q.ContactDirectorySecureGet(ctx, ada)
		require.NoError(t, err)
		require.Equal(t, "+420 555 200 001", *ada.Phone)
		require.JSONEq(t, `{"email": "Ada@Acme.example", "phone": "+420 555 200 001"}`, string(ada.CurrentContactInfo))
	})
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		_, err := q.ContactDirectorySecureGet(ctx, sue)
		require.ErrorIs(t, err, pgx.ErrNoRows)
	})
}
