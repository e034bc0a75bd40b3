package userpool_test

import (
	"maps"
	"slices"
	"testing"
)

// C2: of 32 right answers to one challenge or code at once, half of them on another node, one leads on, and the others are answered as
// documented. What is stored afterwards is what a single answer leaves: no second set of tokens, no second device or credential,
// nothing sent or written twice.
func TestC2_AnswersOnTwoNodes(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, s side, k hands) {
		if w.losers == nil {
			return
		}
		x := w.open(s, k)
		alone := s.fork(t)
		check(t, x.right(alone))
		on := s.nodes()
		won := 0
		for _, err := range race(racers, func(i int) error { return x.right(on[i%2]) }) {
			switch {
			case err == nil:
				won++
			case !slices.Contains(w.losers, errorText(err)):
				t.Errorf("a later answer gets %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d answers led on", won)
		}
		if got, want := s.holds(), alone.holds(); !maps.Equal(got, want) {
			t.Errorf("there are %v, want %v", got, want)
		}
	})
}
