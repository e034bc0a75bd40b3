package bench_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"
)

// roundUsers is how many sign-ins are begun at a time: so many that what is cold after the beginnings does not count.
const roundUsers = 256

// roundRows measures the requests that answer a challenge, where the keys of the tokens are kept by somebody whose signatures cost
// nothing: everything else counts, the envelope of the refresh token included. Beginning a sign-in is left out.
func roundRows(ctx context.Context, o options) ([]row, error) {
	o.block *= 8 // a block is some roundUsers answers
	floor, err := serve(ctx, http.HandlerFunc(emptyAnswer))
	if err != nil {
		return nil, err
	}
	defer floor.close()
	var rows []row
	for _, kind := range roundKinds {
		more, err := compareRounds(ctx, o, kind, floor)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.what, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// compareRounds compares the answers of one kind in a world of its own, which is gone afterwards. What functions of the pool's cost
// when they are called by themselves, with the same events, is no cost of the answer.
func compareRounds(ctx context.Context, o options, kind roundKind, floor *peer) ([]row, error) {
	w, err := newRoundWorld(ctx, kind)
	if err != nil {
		return nil, err
	}
	service, err := w.handler()
	if err != nil {
		return nil, err
	}
	ours, err := serve(ctx, service)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	same, err := w.answers(ctx, roundUsers)
	if err != nil {
		return nil, err
	}
	empty := floor.asking(ctx, same)
	if kind.functions == nil {
		c, err := compare(o, w.answering(ctx, ours), empty)
		return []row{times(kind.what, c, 4)}, err
	}
	if _, err := w.answering(ctx, ours)(1); err != nil { // an event for each function
		return nil, err
	}
	called, err := kind.functions(w)
	if err != nil {
		return nil, err
	}
	all, err := compareAll(o, [2]work{w.answering(ctx, ours), empty}, [2]work{called, empty})
	if err != nil {
		return nil, err
	}
	whole, part := all[0], all[1]
	rest := comparison{ours: whole.ours - part.ours, floor: whole.floor, ratio: whole.ratio - part.ratio}
	return []row{times(kind.what, rest, 4), times("    its functions, called by themselves", part, 0), times("    both", whole, 0)}, nil
}

// answers begins sign-ins of the first n users and returns the requests that answer their challenges.
func (w *roundWorld) answers(ctx context.Context, n int) ([]parsedRequest, error) {
	w.now.Add(3600) // a code of a token is good once, and answers that no tokens follow count as guesses for a while
	w.outbox.Reset()
	sessions := make([]string, n)
	for i := range n {
		var err error
		if sessions[i], err = w.kind.begin(ctx, w, i); err != nil {
			return nil, err
		}
	}
	if _, err := w.users.Deliver(ctx); err != nil {
		return nil, err
	}
	var raw [][]byte
	for i, session := range sessions {
		answer, err := w.kind.answer(w, i)
		if err != nil {
			return nil, err
		}
		if answer == "" {
			return nil, errors.New("no code was sent")
		}
		r, err := request(ctx, "RespondToAuthChallenge", encode(object{
			"ClientId": w.clientID, "ChallengeName": w.kind.challenge, "Session": session,
			"ChallengeResponses": object{"USERNAME": userName(i), w.kind.key: answer},
		}), false)
		if err != nil {
			return nil, err
		}
		raw = append(raw, r)
	}
	return parseRequests(raw)
}

// answering sends answers, each of them once.
func (w *roundWorld) answering(ctx context.Context, p *peer) work {
	return func(n int) (time.Duration, error) {
		var spent time.Duration
		for n > 0 {
			requests, err := w.answers(ctx, min(n, roundUsers))
			if err != nil {
				return 0, err
			}
			runtime.GC() // of the garbage of beginnings
			d, err := p.asking(ctx, requests)(len(requests))
			if err != nil {
				return 0, err
			}
			spent += d
			n -= len(requests)
		}
		return spent, nil
	}
}
