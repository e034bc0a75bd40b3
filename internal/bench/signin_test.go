package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store/memory"
)

// signInUsers is how many users take turns.
const signInUsers = 32

// signInRows measures from the bytes of a request to the bytes of its answer, on a store in memory.
func signInRows(ctx context.Context, o options) ([]row, error) {
	w, err := newWorld(ctx, memory.New(memory.Config{}))
	if err != nil {
		return nil, err
	}
	if err := w.addUsers(ctx, signInUsers); err != nil {
		return nil, err
	}
	refreshTokens, err := w.refreshTokens(ctx)
	if err != nil {
		return nil, err
	}
	signatures, err := floorSignatures(process, 2)
	if err != nil {
		return nil, err
	}
	tracked, devices, err := deviceWorld(ctx)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, m := range []struct {
		what        string
		ours, floor work
		bound       float64
	}{
		{"SRP: against math/big and two signatures", w.srp(ctx, process), sum(floorExchange(process), signatures), 1.25},
		{"SRP: against package srp and two signatures", w.srp(ctx, process), sum(ownExchange(process), signatures), 0},
		{"password: against math/big and two signatures", w.password(ctx, process), sum(floorVerifier(process), signatures), 1.25},
		{"password: against package srp and two signatures", w.password(ctx, process), sum(ownVerifier(process), signatures), 0},
		{"refresh: against two signatures", w.refresh(ctx, process, refreshTokens), signatures, 1.25},
		{"device: against math/big and two signatures", tracked.device(ctx, process, devices), sum(floorExchange(process), signatures), 1.25},
		{"device: against package srp and two signatures", tracked.device(ctx, process, devices), sum(ownExchange(process), signatures), 0},
	} {
		c, err := compare(o, m.ours, m.floor)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.what, err)
		}
		rows = append(rows, times(m.what, c, m.bound))
	}
	return rows, nil
}

// answer is the part of the answers of a sign-in that its client needs.
type answer struct {
	ChallengeParameters  map[string]string
	AuthenticationResult struct{ AccessToken, RefreshToken string }
}

// call runs an operation on JSON.
func (w *world) call(ctx context.Context, op string, body []byte) (answer, error) {
	var a answer
	out, err := w.users.Invoke(ctx, op, body)
	if err == nil {
		err = json.Unmarshal(out, &a)
	}
	return a, err
}

type object map[string]any

// encode is json.Marshal of what always encodes.
func encode(v object) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// srp is whole sign-ins by SRP. The client's arithmetic is left out: all sign-ins of a block take a step before the next one.
func (w *world) srp(ctx context.Context, c clock) work {
	return func(n int) (time.Duration, error) {
		logins, bodies, answers := make([]*srp.Login, n), make([][]byte, n), make([][]byte, n)
		for i := range n {
			var err error
			if logins[i], err = srp.NewLogin(w.pool, userName(i%signInUsers), password); err != nil {
				return 0, err
			}
			bodies[i] = encode(object{"ClientId": w.clientID, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": logins[i].Params()})
		}
		step := func(op string) (time.Duration, error) {
			began := c()
			for i, body := range bodies {
				var err error
				if answers[i], err = w.users.Invoke(ctx, op, body); err != nil {
					return 0, err
				}
			}
			return c() - began, nil
		}
		first, err := step("InitiateAuth")
		if err != nil {
			return 0, err
		}
		for i := range n {
			var a answer
			if err := json.Unmarshal(answers[i], &a); err != nil {
				return 0, err
			}
			responses, err := logins[i].Respond(a.ChallengeParameters, time.Now())
			if err != nil {
				return 0, err
			}
			bodies[i] = encode(object{"ClientId": w.clientID, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses})
		}
		second, err := step("RespondToAuthChallenge")
		return first + second, err
	}
}

func (w *world) passwordBody(i int) []byte {
	return encode(object{
		"ClientId": w.clientID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": object{"USERNAME": userName(i), "PASSWORD": password},
	})
}

// password is sign-ins by password.
func (w *world) password(ctx context.Context, c clock) work {
	var bodies [][]byte
	for i := range signInUsers {
		bodies = append(bodies, w.passwordBody(i))
	}
	return on(c, func(i int) error {
		_, err := w.users.Invoke(ctx, "InitiateAuth", bodies[i%signInUsers])
		return err
	})
}

// refreshTokens signs everybody in.
func (w *world) refreshTokens(ctx context.Context) ([]string, error) {
	var out []string
	for i := range signInUsers {
		a, err := w.call(ctx, "InitiateAuth", w.passwordBody(i))
		if err != nil {
			return nil, err
		}
		out = append(out, a.AuthenticationResult.RefreshToken)
	}
	return out, nil
}

// refresh is refreshes of sign-ins.
func (w *world) refresh(ctx context.Context, c clock, tokens []string) work {
	var bodies [][]byte
	for _, t := range tokens {
		bodies = append(bodies, encode(object{"ClientId": w.clientID, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": object{"REFRESH_TOKEN": t}}))
	}
	return on(c, func(i int) error {
		_, err := w.users.Invoke(ctx, "InitiateAuth", bodies[i%len(bodies)])
		return err
	})
}
