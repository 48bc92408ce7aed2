package db_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func TestNodeMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		_, err := q.NodeMergeGetSurvivor(ctx, adaTwin)
		require.ErrorIs(t, err, pgx.ErrNoRows)
		require.NoError(t, q.NodeMerge(ctx, db.NodeMergeParams{DuplicateID: adaTwin, CanonicalID: ada}))
		require.NoError(t, q.NodeMerge(ctx, db.NodeMergeParams{DuplicateID: eve, CanonicalID: ada, MergedBy: ptr("me")}))
		require.NoError(t, q.NodeMerge(ctx, db.NodeMergeParams{DuplicateID: ada, CanonicalID: bob}))

		into := inPages(t, func(last *db.NodeMerge, most int32) ([]db.NodeMerge, error) {
			arg := db.NodeMergeListIntoParams{CanonicalID: ada, MaxRows: most}
			if last != nil {
				arg.BeforeAt, arg.BeforeID = &last.MergedAt, &last.ID
			}
			return q.NodeMergeListInto(ctx, arg)
		})
		by := map[uuid.UUID]string{}
		for _, m := range into {
			require.Equal(t, ada, m.CanonicalID)
			require.Nil(t, m.Confidence)
			by[m.DuplicateID] = *m.MergedBy
		}
		require.Equal(t, map[uuid.UUID]string{adaTwin: "user:eve", eve: "me"}, by)

		from, err := q.NodeMergeListFrom(ctx, db.NodeMergeListFromParams{DuplicateIDs: []uuid.UUID{eve, ada, bob}, MaxRows: 10})
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{bob, ada}, pick(from, func(m db.NodeMerge) uuid.UUID { return m.CanonicalID }))
		for _, gone := range []uuid.UUID{adaTwin, eve, ada} {
			got, err := q.NodeMergeGetSurvivor(ctx, gone)
			require.NoError(t, err)
			require.Equal(t, bob, got)
		}
		restored, err := q.NodeRestore(ctx, []uuid.UUID{adaTwin})
		require.NoError(t, err)
		require.Zero(t, restored, "a merged node stays archived")
	})
	for state, tt := range map[string]struct {
		viewer
		db.NodeMergeParams
	}{
		"RY006": {nobody, db.NodeMergeParams{DuplicateID: sue, CanonicalID: ada}},
		"RY007": {salesman, db.NodeMergeParams{DuplicateID: ada, CanonicalID: ada}},
		"42501": {agent, db.NodeMergeParams{DuplicateID: adaTwin, CanonicalID: ada}},
	} {
		w.as(tt.viewer, func(ctx context.Context, q *db.Queries) {
			require.Equal(t, state, sqlState(q.NodeMerge(ctx, tt.NodeMergeParams)))
		})
	}

	// What was merged into a hidden node is hidden.
	require.NoError(t, db.New(w.owner).NodeMerge(context.Background(), db.NodeMergeParams{DuplicateID: adaTwin, CanonicalID: sue}))
	for v, want := range map[*viewer]int{&nobody: 0, &salesman: 0, &support: 1, &helpdesk: 1} {
		w.as(*v, func(ctx context.Context, q *db.Queries) {
			from, err := q.NodeMergeListFrom(ctx, db.NodeMergeListFromParams{DuplicateIDs: []uuid.UUID{adaTwin}, MaxRows: 10})
			require.NoError(t, err)
			require.Len(t, from, want)
			into, err := q.NodeMergeListInto(ctx, db.NodeMergeListIntoParams{CanonicalID: sue, MaxRows: 10})
			require.NoError(t, err)
			require.Len(t, into, want)
			_, err = q.NodeMergeGetSurvivor(ctx, adaTwin)
			require.Equal(t, want == 0, err != nil)
		})
	}
}
