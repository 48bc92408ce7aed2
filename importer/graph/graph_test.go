package graph

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBatch_Keep keeps texts of all sizes, again and again in the same room: none is written over before the batch is
// reset, and the room does not grow with the largest batch.
func TestBatch_Keep(t *testing.T) {
	t.Parallel()

	b := &Batch{}
	for round := range 3 {
		b.Reset()
		require.LessOrEqual(t, len(b.blocks), maxBlocks)
		b.Nodes = append(b.Nodes, Node{})
		var given, kept [][]byte
		for i, size := range []int{0, 1, 100, blockBytes / 5, blockBytes / 4, blockBytes/4 + 1, 3 * blockBytes, 5} {
			for j := range 300 / (1 + size/1000) {
				text := append(bytes.Repeat([]byte{byte('a' + round)}, size), fmt.Sprint(i, j)...)
				given = append(given, bytes.Clone(text))
				kept = append(kept, b.Keep(text))
				clear(text)
			}
		}
		for range 3 * maxBlocks { // more than it keeps room for
			b.Keep(make([]byte, blockBytes/4))
		}
		require.Equal(t, given, kept)
		for _, text := range kept[:10] {
			_ = append(text, "beyond"...)
		}
		require.Equal(t, given, kept, "to append to one does not write into the next")
	}
}

func TestBatch_KeepAllocates(t *testing.T) {
	b := &Batch{}
	text := bytes.Repeat([]byte("x"), 300)
	fill := func() {
		b.Reset()
		for range 2000 {
			b.Keep(text)
		}
	}
	fill()
	require.Zero(t, testing.AllocsPerRun(10, fill), "a batch of the usual size finds the room of the one before")
}
