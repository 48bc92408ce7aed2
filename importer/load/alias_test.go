package load

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/importdb"
)

func TestPlanAliases(t *testing.T) {
	t.Parallel()
	a, b, c, root := uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{3}, uuid.UUID{9}
	rootRec := int64(90)
	// alias is a record, the node it stands for, and the root of this run at the end of its chain.
	alias := func(rec int64, id uuid.UUID, existing, rootExisting bool) importdb.StagingRecordListAliasesRow {
		return importdb.StagingRecordListAliasesRow{Rec: rec, ID: id, Existing: existing, RootRec: &rootRec, RootID: &root, RootExisting: rootExisting}
	}
	for _, tc := range []struct {
		name string
		rows []importdb.StagingRecordListAliasesRow
		want aliasPlan
	}{
		{name: "None"},
		{
			name: "BothNew", rows: []importdb.StagingRecordListAliasesRow{alias(1, a, false, false)},
			want: aliasPlan{recs: []int64{1}, ids: []uuid.UUID{root}, existing: []bool{false}},
		},
		{
			name: "RootStands", rows: []importdb.StagingRecordListAliasesRow{alias(1, a, false, true)},
			want: aliasPlan{recs: []int64{1}, ids: []uuid.UUID{root}, existing: []bool{true}},
		},
		{
			name: "OnlyCrosswalkKnowsRoot", rows: []importdb.StagingRecordListAliasesRow{{Rec: 1, ID: a, MappedID: &root}},
			want: aliasPlan{recs: []int64{1}, ids: []uuid.UUID{root}, existing: []bool{true}},
		},
		{
			name: "RootHasNotArrived", rows: []importdb.StagingRecordListAliasesRow{{Rec: 1, ID: a}, {Rec: 2, ID: b, Existing: true}},
			want: aliasPlan{waiting: []int64{1, 2}},
		},
		{
			name: "RunKnowsBetterThanCrosswalk", rows: []importdb.StagingRecordListAliasesRow{{Rec: 1, ID: a, RootRec: &rootRec, RootID: &root, RootExisting: true, MappedID: &c}},
			want: aliasPlan{recs: []int64{1}, ids: []uuid.UUID{root}, existing: []bool{true}},
		},
		{
			name: "StandsAndRootIsNew", rows: []importdb.StagingRecordListAliasesRow{alias(1, a, true, false)},
			want: aliasPlan{
				recs: []int64{1}, ids: []uuid.UUID{a}, existing: []bool{true}, joinRecs: []int64{90}, joinIDs: []uuid.UUID{a},
			},
		},
		{
			name: "TwoStandAndRootIsNew", // the root takes the node of the first, into which the second is folded
			rows: []importdb.StagingRecordListAliasesRow{alias(1, a, true, false), alias(2, b, true, false), alias(3, c, false, false)},
			want: aliasPlan{
				recs: []int64{1, 2, 3}, ids: []uuid.UUID{a, a, a}, existing: []bool{true, true, true},
				joinRecs: []int64{90}, joinIDs: []uuid.UUID{a}, mergeFrom: []uuid.UUID{b}, mergeInto: []uuid.UUID{a},
			},
		},
		{
			name: "NewOneBeforeTheOneThatStands", // it has to end at the root all the same
			rows: []importdb.StagingRecordListAliasesRow{alias(1, a, false, true), alias(2, b, true, true)},
			want: aliasPlan{
				recs: []int64{1, 2}, ids: []uuid.UUID{root, root}, existing: []bool{true, true},
				mergeFrom: []uuid.UUID{b}, mergeInto: []uuid.UUID{root},
			},
		},
		{
			name: "BothStand", rows: []importdb.StagingRecordListAliasesRow{alias(1, a, true, true)},
			want: aliasPlan{
				recs: []int64{1}, ids: []uuid.UUID{root}, existing: []bool{true}, mergeFrom: []uuid.UUID{a}, mergeInto: []uuid.UUID{root},
			},
		},
		{
			name: "DeadAndRootHasNotArrived", rows: []importdb.StagingRecordListAliasesRow{{Rec: 1, ID: a, Deleted: true}, {Rec: 2, ID: b, Existing: true, Deleted: true}},
			want: aliasPlan{waiting: []int64{1, 2}, dead: []int64{2}},
		},
		{
			name: "OneHasDied", // what it has said of itself ends
			rows: func() []importdb.StagingRecordListAliasesRow {
				dead := alias(1, a, true, true)
				dead.Deleted = true
				return []importdb.StagingRecordListAliasesRow{dead, alias(2, b, true, true)}
			}(),
			want: aliasPlan{
				recs: []int64{1, 2}, ids: []uuid.UUID{root, root}, existing: []bool{true, true}, dead: []int64{1},
				mergeFrom: []uuid.UUID{a, b}, mergeInto: []uuid.UUID{root, root},
			},
		},
		{
			name: "OneNodeIsFoldedOnce", rows: []importdb.StagingRecordListAliasesRow{alias(1, a, true, true), alias(2, a, true, true)},
			want: aliasPlan{
				recs: []int64{1, 2}, ids: []uuid.UUID{root, root}, existing: []bool{true, true}, mergeFrom: []uuid.UUID{a}, mergeInto: []uuid.UUID{root},
			},
		},
		{
			name: "OneNodeAlready", rows: []importdb.StagingRecordListAliasesRow{alias(1, root, true, true)},
			want: aliasPlan{recs: []int64{1}, ids: []uuid.UUID{root}, existing: []bool{true}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, planAliases(tc.rows))
		})
	}
}
