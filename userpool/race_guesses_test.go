package userpool_test

import (
	"maps"
	"testing"
	"time"
)

// guesses says what many wrong answers at once are answered, and until when the right one is refused as well.
type guesses struct {
	wrong string        // the answer to those that are looked at,
	heard int           // which are so many
	over  int           // so many more find that the code is gone
	late  string        // and the rest this
	wait  time.Duration // from the last guess on, until the right answer is taken
	fresh bool          // which is then one to a new code
}

const hour = time.Hour

// AUTH-441, AUTH-444: five passwords, then a second.
var passwordGuesses = &guesses{wrong: isWrong, heard: 5, late: isLocked, wait: time.Second}

// C3: ten answers to one kind of challenge, then a second.
func factorGuesses(wrong string) *guesses {
	return &guesses{wrong: wrong, heard: 10, late: factorLocked, wait: time.Second}
}

// AUTH-118, AUTH-446, C3: a code survives ten guesses, and there are so many in an hour.
func codeGuesses(perHour int) *guesses {
	return &guesses{wrong: codeIsWrong, heard: 10, over: perHour - 10, late: tooOften, wait: hour, fresh: true}
}

// C3: of 32 wrong answers at once, each in a session of its own where there are sessions, half of them on another node, as many are
// looked at as on one node one after the other. All others, and the right one, are refused until the documented time has passed.
func TestC3_GuessesOnTwoNodes(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way, s side, k hands) {
		g := w.guesses
		if g == nil {
			return
		}
		waiting := []open{w.open(s, k)}
		for range racers {
			if !w.shared {
				waiting = append(waiting, w.open(s, k))
			}
		}
		on := s.nodes()
		counts := map[string]int{}
		for _, err := range race(racers, func(i int) error { return waiting[i%len(waiting)].wrong(on[i%2]) }) {
			counts[errorText(err)]++
		}
		want := map[string]int{g.wrong: g.heard, g.late: racers - g.heard - g.over}
		if g.over > 0 {
			want[codeIsOver] = g.over
		}
		if !maps.Equal(counts, want) {
			t.Fatalf("answered %v, want %v", counts, want)
		}
		last := waiting[len(waiting)-1]
		right, then := last.right, ""
		if right == nil { // of nobody
			right, then = last.wrong, g.wrong
		}
		s.clock.Advance(g.wait - g.wait/3600) // after an hour no access token is good any more
		for _, node := range on {
			if err := right(node); errorText(err) != g.late {
				t.Errorf("before the time the right answer gets %v", err)
			}
		}
		s.clock.Advance(g.wait / 3600)
		if g.fresh {
			right = w.open(s, k).right
		}
		if err := right(on[1]); errorText(err) != then || then == "" && err != nil {
			t.Errorf("after the time the right answer gets %v", err)
		}
		if w.shared || w.demanding || then != "" {
			return
		}
		for range g.heard - 1 { // it has ended the count
			if err := w.open(s, k).wrong(on[0]); errorText(err) != g.wrong {
				t.Fatalf("a wrong answer after the right one gets %v", err)
			}
		}
	})
}
