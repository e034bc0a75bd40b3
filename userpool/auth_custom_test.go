package userpool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	customAuth      = userpool.AuthFlowTypeCustomAuth
	customChallenge = userpool.ChallengeNameTypeCustomChallenge
)

// quiz is a set of challenge functions: so many right answers in a row sign in, three wrong ones fail. The answer to round n is
// "answer n". It records every event.
type quiz struct {
	mu      sync.Mutex
	rounds  int
	define  func(r *trigger.DefineAuthChallengeRequest) trigger.DefineAuthChallengeResponse // nil is the rule above
	private map[string]string
	defines []trigger.DefineAuthChallengeEvent
	creates []trigger.CreateAuthChallengeEvent
	checks  []trigger.VerifyAuthChallengeResponseEvent
}

func (q *quiz) lambdas(b *bench) userpool.LambdaConfigType {
	return userpool.LambdaConfigType{
		DefineAuthChallenge: on(b, "define", func(_ context.Context, e trigger.DefineAuthChallengeEvent) (trigger.DefineAuthChallengeEvent, error) {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.defines = append(q.defines, e)
			if q.define != nil {
				e.Response = q.define(&e.Request)
				return e, nil
			}
			right, wrong := 0, 0
			for _, r := range e.Request.Session {
				switch {
				case r.ChallengeName != string(customChallenge):
				case r.ChallengeResult:
					right++
				default:
					wrong++
				}
			}
			switch last := len(e.Request.Session) - 1; {
			case last >= 0 && e.Request.Session[last].ChallengeName == "SRP_A":
				e.Response.ChallengeName = new("PASSWORD_VERIFIER")
			case wrong >= 3:
				e.Response.FailAuthentication = new(true)
			case right >= q.rounds:
				e.Response.IssueTokens = new(true)
			default:
				e.Response.ChallengeName = new(string(customChallenge))
			}
			return e, nil
		}),
		CreateAuthChallenge: on(b, "create", func(_ context.Context, e trigger.CreateAuthChallengeEvent) (trigger.CreateAuthChallengeEvent, error) {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.creates = append(q.creates, e)
			n := len(e.Request.Session)
			e.Response.PublicChallengeParameters = map[string]string{"question": fmt.Sprint("question ", n)}
			e.Response.PrivateChallengeParameters = map[string]string{"answer": fmt.Sprint("answer ", n)}
			for k, v := range q.private {
				e.Response.PrivateChallengeParameters[k] = v
			}
			e.Response.ChallengeMetadata = new(fmt.Sprint("round ", n))
			return e, nil
		}),
		VerifyAuthChallengeResponse: on(b, "verify", func(_ context.Context, e trigger.VerifyAuthChallengeResponseEvent) (trigger.VerifyAuthChallengeResponseEvent, error) {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.checks = append(q.checks, e)
			e.Response.AnswerCorrect = new(e.Request.ChallengeAnswer == e.Request.PrivateChallengeParameters["answer"])
			return e, nil
		}),
	}
}

// app makes a pool with the quiz, and a client that allows it.
func (q *quiz) app(b *bench, options ...any) app {
	return b.app(append([]any{lambdas(q.lambdas(b)), flows("ALLOW_CUSTOM_AUTH", "ALLOW_USER_PASSWORD_AUTH")}, options...)...)
}

// AUTH-222, AUTH-227, AUTH-230…235, TRG-070…077, TRG-143: rounds, right and wrong answers, and what each function hears.
func TestCustomAuth(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 2}
	a := q.app(setup(t))
	sub := a.user("ada", "email", "ada@example.com")
	out, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: customAuth, AuthParameters: map[string]string{"USERNAME": "ada"},
		ClientMetadata: map[string]string{"from": "initiate"},
	})
	check(t, err)
	if out.ChallengeName != customChallenge || out.ChallengeParameters["question"] != "question 0" ||
		out.ChallengeParameters["USERNAME"] != "ada" || len(out.ChallengeParameters) != 2 || out.AuthenticationResult != nil {
		t.Fatalf("first question: %+v", out)
	}
	if e := q.defines[0]; len(e.Request.Session) != 0 || e.Request.ClientMetadata != nil || e.Request.UserNotFound != nil ||
		e.Request.UserAttributes["sub"] != sub || e.UserName != "ada" || e.TriggerSource != "DefineAuthChallenge_Authentication" {
		t.Errorf("first define: %+v", e)
	}
	session := out.Session
	for round, answer := range []string{"wrong", "answer 1", "answer 2"} { // AUTH-234: a wrong answer is no error
		next, err := a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
			ClientId: a.client, ChallengeName: customChallenge, Session: session,
			ChallengeResponses: map[string]string{"USERNAME": "ada", "ANSWER": answer}, ClientMetadata: map[string]string{"from": "respond"},
		})
		check(t, err)
		if last := round == 2; last != (next.AuthenticationResult != nil) || last != (next.ChallengeName == "") {
			t.Fatalf("round %d: %+v", round, next)
		}
		_, err = a.respond(customChallenge, session, "USERNAME", "ada", "ANSWER", answer) // AUTH-236
		refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
		session = next.Session
	}
	want := []trigger.ChallengeResult{
		{ChallengeName: "CUSTOM_CHALLENGE", ChallengeResult: false, ChallengeMetadata: new("round 0")},
		{ChallengeName: "CUSTOM_CHALLENGE", ChallengeResult: true, ChallengeMetadata: new("round 1")},
		{ChallengeName: "CUSTOM_CHALLENGE", ChallengeResult: true, ChallengeMetadata: new("round 2")},
	}
	last := q.defines[len(q.defines)-1]
	if got, want := asJSON(t, last.Request.Session), asJSON(t, want); got != want {
		t.Errorf("the last define saw %s, want %s", got, want)
	}
	if last.Request.ClientMetadata["from"] != "respond" || q.creates[1].Request.ClientMetadata["from"] != "respond" {
		t.Error("the functions did not hear the metadata of the answer") // TRG-077
	}
	if c := q.checks[0]; c.Request.ChallengeAnswer != "wrong" || c.Request.PrivateChallengeParameters["answer"] != "answer 0" ||
		c.TriggerSource != "VerifyAuthChallengeResponse_Authentication" || c.Request.ClientMetadata["from"] != "respond" {
		t.Errorf("first check: %+v", c)
	}
	if len(q.defines) != 4 || len(q.creates) != 3 || len(q.checks) != 3 {
		t.Errorf("%d defines, %d creates, %d checks", len(q.defines), len(q.creates), len(q.checks))
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	check(t, err)
	return string(b)
}

// AUTH-228, AUTH-231, TRG-072, TRG-073: what a define function may decide, and what it may not.
func TestCustomAuthDecisions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		decides trigger.DefineAuthChallengeResponse
		code    awsapi.Code
		text    string
	}{
		"fail":           {trigger.DefineAuthChallengeResponse{FailAuthentication: new(true)}, userpool.ErrNotAuthorized, "Incorrect username or password."},
		"fail and issue": {trigger.DefineAuthChallengeResponse{FailAuthentication: new(true), IssueTokens: new(true)}, userpool.ErrNotAuthorized, "Incorrect username or password."},
		"nothing":        {trigger.DefineAuthChallengeResponse{}, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output"},
		"unknown":        {trigger.DefineAuthChallengeResponse{ChallengeName: new("NEW_PASSWORD_REQUIRED")}, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output"},
		"late password":  {trigger.DefineAuthChallengeResponse{ChallengeName: new("PASSWORD_VERIFIER")}, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output"}, // AUTH-223
		"no number":      {trigger.DefineAuthChallengeResponse{ChallengeName: new("SMS_MFA")}, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output"},
		"issue":          {trigger.DefineAuthChallengeResponse{IssueTokens: new(true)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := &quiz{define: func(*trigger.DefineAuthChallengeRequest) trigger.DefineAuthChallengeResponse { return tt.decides }}
			a := q.app(setup(t))
			a.user("ada")
			out, err := a.begin(customAuth, "USERNAME", "ada")
			if tt.code == "" {
				check(t, err)
				if out.AuthenticationResult == nil {
					t.Fatalf("no tokens: %+v", out)
				}
				return
			}
			refused(t, err, tt.code, tt.text)
		})
	}
}

// AUTH-221, AUTH-232, AUTH-233: a pool that lacks a function, an answer that lacks the answer, an answer that is no boolean.
func TestCustomAuthIncomplete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	q := &quiz{rounds: 1}
	c := q.lambdas(b)
	c.CreateAuthChallenge = ""
	a := b.app(lambdas(c), flows("ALLOW_CUSTOM_AUTH"))
	a.user("ada")
	_, err := a.begin(customAuth, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")

	b = setup(t)
	c = q.lambdas(b)
	c.VerifyAuthChallengeResponse = on(b, "odd", func(_ context.Context, e map[string]any) (map[string]any, error) {
		e["response"] = map[string]any{"answerCorrect": "yes"}
		return e, nil
	})
	a = b.app(lambdas(c), flows("ALLOW_CUSTOM_AUTH"))
	a.user("ada")
	out, err := a.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	_, err = a.respond(customChallenge, out.Session, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter ANSWER")
	_, err = a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "x")
	refused(t, err, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output")
}

// AUTH-223…226, AUTH-229, AUTH-238: the password comes first, then what it asks for, then the questions.
func TestCustomAuthAfterSRP(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	a := q.app(setup(t))
	a.user("ada")
	a.newcomer("bob")

	begin := func(name, password string) *userpool.RespondToAuthChallengeInput {
		t.Helper()
		login, err := srp.NewLogin(a.pool, name, password)
		check(t, err)
		params := login.Params()
		params["CHALLENGE_NAME"] = "SRP_A"
		begun, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{ClientId: a.client, AuthFlow: customAuth, AuthParameters: params})
		check(t, err)
		if begun.ChallengeName != userpool.ChallengeNameTypePasswordVerifier || begun.Session == "" {
			t.Fatalf("with SRP_A: %+v", begun)
		}
		responses, err := login.Respond(begun.ChallengeParameters, a.clock.Now())
		check(t, err)
		return &userpool.RespondToAuthChallengeInput{
			ClientId: a.client, ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: responses,
		}
	}
	if _, err := a.begin(customAuth, "USERNAME", "ada", "CHALLENGE_NAME", "SRP_A"); err == nil {
		t.Error("SRP without a public key")
	}
	_, err := a.RespondToAuthChallenge(t.Context(), begin("ada", another))
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.") // AUTH-225
	claim := begin("ada", password)
	out, err := a.RespondToAuthChallenge(t.Context(), claim)
	check(t, err)
	if out.ChallengeName != customChallenge {
		t.Fatalf("after the password: %+v", out)
	}
	_, err = a.RespondToAuthChallenge(t.Context(), claim)
	refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
	done, err := a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 2")
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("after the answer: %+v", done)
	}
	if got, want := asJSON(t, q.defines[len(q.defines)-1].Request.Session), `[{"challengeName":"SRP_A","challengeResult":true,"challengeMetadata":null},`+
		`{"challengeName":"PASSWORD_VERIFIER","challengeResult":true,"challengeMetadata":null},`+
		`{"challengeName":"CUSTOM_CHALLENGE","challengeResult":true,"challengeMetadata":"round 2"}]`; got != want {
		t.Errorf("the last define saw %s", got)
	}

	out, err = a.RespondToAuthChallenge(t.Context(), begin("bob", password))
	check(t, err)
	if out.ChallengeName != newPassword {
		t.Fatalf("a temporary password: %+v", out)
	}
	out, err = a.respond(newPassword, out.Session, "USERNAME", "bob", "NEW_PASSWORD", another)
	check(t, err)
	if out.ChallengeName != customChallenge {
		t.Fatalf("after the new password: %+v", out)
	}
	if got, want := asJSON(t, q.defines[len(q.defines)-1].Request.Session), `[{"challengeName":"SRP_A","challengeResult":true,"challengeMetadata":null},`+
		`{"challengeName":"PASSWORD_VERIFIER","challengeResult":true,"challengeMetadata":null}]`; got != want { // AUTH-229, TRG-071
		t.Errorf("after a new password define saw %s", got)
	}

	a.newcomer("eve") // without SRP nobody asks for the password
	begun, err := a.begin(customAuth, "USERNAME", "eve")
	check(t, err)
	done, err = a.respond(customChallenge, begun.Session, "USERNAME", "eve", "ANSWER", "answer 0")
	check(t, err)
	if done.AuthenticationResult == nil {
		t.Fatalf("without a password: %+v", done)
	}
}

// AUTH-237, AUTH-239, AUTH-454: who does not exist, is disabled or not confirmed, told and hidden.
func TestCustomAuthOfNobody(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	a := q.app(setup(t), legacy)
	a.signUp("new")
	a.user("off")
	a.disable("off")
	_, err := a.begin(customAuth, "USERNAME", "nobody")
	refused(t, err, userpool.ErrUserNotFound, "User does not exist.")
	_, err = a.begin(customAuth, "USERNAME", "off")
	refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
	_, err = a.begin(customAuth, "USERNAME", "new")
	refused(t, err, userpool.ErrUserNotConfirmed, "User is not confirmed.")
	if len(q.defines) != 0 {
		t.Error("a function was asked about somebody who may not sign in")
	}

	hidden := a.sibling(flows("ALLOW_CUSTOM_AUTH"), hides)
	a.user("ada")
	lengths := map[int]bool{}
	for _, name := range []string{"nobody", "off", "new", "ada"} {
		q.defines = nil
		out, err := hidden.begin(customAuth, "USERNAME", name)
		check(t, err)
		e := q.defines[0]
		exists := name == "new" || name == "ada"
		if out.ChallengeName != customChallenge || out.ChallengeParameters["USERNAME"] != name || e.Request.UserNotFound == nil ||
			*e.Request.UserNotFound == exists || (len(e.Request.UserAttributes) > 0) != exists {
			t.Errorf("%s: %+v, %+v", name, out, e)
		}
		lengths[len(out.Session)] = true
		done, err := hidden.respond(customChallenge, out.Session, "USERNAME", name, "ANSWER", "answer 0")
		switch name {
		case "ada":
			check(t, err)
			if done.AuthenticationResult == nil {
				t.Errorf("%+v", done)
			}
		case "new":
			refused(t, err, userpool.ErrUserNotConfirmed, "User is not confirmed.")
		default:
			refused(t, err, userpool.ErrNotAuthorized, "Incorrect username or password.")
		}
	}
	if len(lengths) != 1 {
		t.Errorf("sessions of different lengths: %v", lengths)
	}
}

// A state that does not fit into a session is stored, and good for one answer of its user.
func TestH2_LongCustomState(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 12, private: map[string]string{"long": strings.Repeat("x", 5000)}}
	a := q.app(setup(t))
	a.user("ada")
	a.user("bob")
	out, err := a.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	session := out.Session
	if len(session) > 2048 {
		t.Errorf("session of %d characters", len(session))
	}
	_, err = a.respond(customChallenge, session, "USERNAME", "bob", "ANSWER", "answer 0")
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	for n := range 12 {
		next, err := a.respond(customChallenge, session, "USERNAME", "ada", "ANSWER", fmt.Sprint("answer ", n))
		check(t, err)
		session = next.Session
	}
	q.private["long"] = strings.Repeat("x", 1<<17)
	_, err = a.begin(customAuth, "USERNAME", "ada")
	refused(t, err, userpool.ErrInvalidLambdaResponse, "Unrecognizable lambda output")
}

// One session is one guess, however many answer it at once; wrong answers count over all sessions, and lock.
func TestC3_CustomAnswers(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	a := q.app(setup(t))
	a.user("ada")
	out, err := a.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	won := 0
	for _, err := range race(32, func(int) error {
		_, err := a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "wrong")
		return err
	}) {
		if err == nil {
			won++
			continue
		}
		refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
	}
	if won != 1 || len(q.checks) != 1 {
		t.Fatalf("%d of 32 answers went on, %d were checked", won, len(q.checks))
	}
	q.checks = nil
	sessions := make([]string, 32)
	for i := range sessions {
		out, err := a.begin(customAuth, "USERNAME", "ada")
		check(t, err)
		sessions[i] = out.Session
	}
	for _, err := range race(32, func(i int) error {
		_, err := a.respond(customChallenge, sessions[i], "USERNAME", "ada", "ANSWER", "wrong")
		return err
	}) {
		if err != nil {
			refused(t, err, userpool.ErrNotAuthorized, factorLocked)
		}
	}
	if len(q.checks) > 9 { // ten in all, with the one from before
		t.Errorf("%d guesses were checked", len(q.checks))
	}
	begun, err := a.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	_, err = a.respond(customChallenge, begun.Session, "USERNAME", "ada", "ANSWER", "answer 0")
	refused(t, err, userpool.ErrNotAuthorized, factorLocked)
	a.clock.Advance(2 * time.Second)
	_, err = a.respond(customChallenge, begun.Session, "USERNAME", "ada", "ANSWER", "answer 0")
	check(t, err)
}

const (
	factorLocked = "Attempt limit exceeded, please try after some time."
	sessionUsed  = "Invalid session for the user, session can only be used once."
)

// The session ends with what it rests on: password, factor, disable, delete, flow.
func TestC4_CustomSessions(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	base := q.app(setup(t))
	base.user("ada")
	out, err := base.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	for name, tt := range map[string]struct {
		do   func(a app)
		text string
	}{
		"password": {func(a app) { a.setPassword("ada", another) }, sessionBad},
		"disabled": {func(a app) { a.disable("ada") }, sessionBad},
		"made again": {func(a app) {
			a.remove("ada")
			a.user("ada")
		}, sessionBad},
		"expired": {func(a app) { a.clock.Advance(3 * time.Minute) }, "Invalid session for the user, session is expired."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := base.fork(t)
			tt.do(a)
			_, err := a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 0")
			refused(t, err, userpool.ErrNotAuthorized, tt.text)
		})
	}
	_, err = base.sibling(flows("ALLOW_CUSTOM_AUTH")).respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 0")
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
}

// A user who is disabled while a function runs gets no tokens.
func TestC2_CustomAuthDisabledMeanwhile(t *testing.T) {
	t.Parallel()
	q := &quiz{}
	b := setup(t)
	var a app
	q.define = func(r *trigger.DefineAuthChallengeRequest) trigger.DefineAuthChallengeResponse {
		if len(r.Session) == 0 {
			return trigger.DefineAuthChallengeResponse{ChallengeName: new(string(customChallenge))}
		}
		a.disable("ada")
		return trigger.DefineAuthChallengeResponse{IssueTokens: new(true)}
	}
	a = q.app(b)
	a.user("ada")
	out, err := a.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	_, err = a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 0")
	refused(t, err, userpool.ErrNotAuthorized, "User is disabled.")
}

// AUTH-150: what goes wrong in a function comes out as in every other trigger.
func TestCustomAuthFunctionFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := (&quiz{rounds: 1}).lambdas(b)
	c.DefineAuthChallenge = on(b, "broken", func(context.Context, trigger.DefineAuthChallengeEvent) (trigger.DefineAuthChallengeEvent, error) {
		return trigger.DefineAuthChallengeEvent{}, errors.New("no questions today")
	})
	a := b.app(lambdas(c), flows("ALLOW_CUSTOM_AUTH"))
	a.user("ada")
	_, err := a.begin(customAuth, "USERNAME", "ada")
	refused(t, err, userpool.ErrUserLambdaValidation, "DefineAuthChallenge failed with error no questions today.")
}
