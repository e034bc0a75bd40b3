package userpool_test

import (
	"testing"

	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// TRG-073, AUTH-238, AUTH-283: a second factor that the functions ask for has six digits, and does not stand for the temporary password
// that nobody gave. C4: it is none any more once the pool has it no longer.
func TestC4_CustomSecondFactorAlone(t *testing.T) {
	t.Parallel()
	for _, f := range []factorCase{factorCases[0], factorCases[1]} {
		t.Run(string(f.factor), func(t *testing.T) {
			t.Parallel()
			q := &quiz{define: func(r *trigger.DefineAuthChallengeRequest) (d trigger.DefineAuthChallengeResponse) {
				if len(r.Session) == 0 {
					d.ChallengeName = new(string(f.factor))
				} else {
					d.IssueTokens = new(true)
				}
				return d
			}}
			base := q.app(setup(t), ownMail, withSMS)
			base.mfa(mfaOptional, smsMFA, emailMFA)
			base.newcomer("ada", "email", mail, "phone_number", phone)
			begun, err := base.begin(customAuth, "USERNAME", "ada")
			check(t, err)
			code := base.code(f.to)
			if begun.ChallengeName != f.factor || len(code) != 6 {
				t.Fatalf("asked for %s, code %s", begun.ChallengeName, code)
			}
			if f.factor == emailMFA {
				off := base.fork(t)
				off.mfa(mfaOptional, smsMFA)
				_, err = off.respond(f.factor, begun.Session, "USERNAME", "ada", f.key, code)
				refused(t, err, userpool.ErrNotAuthorized, sessionBad)
			}
			base.signedIn(base.respond(f.factor, begun.Session, "USERNAME", "ada", f.key, code))
			if got := base.status("ada"); got != userpool.UserStatusTypeForceChangePassword {
				t.Errorf("the status is %s", got)
			}
		})
	}
}

// H7, C3: where the client hides who exists, guesses at the password of a disabled user lock in CUSTOM_AUTH as those at anybody's.
func TestH7_CustomGuessesAtTheDisabled(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	a := q.app(setup(t), hides)
	a.user("ada")
	a.user("eve")
	a.disable("eve")
	for _, name := range []string{"ada", "nobody", "eve"} {
		for i := range 7 {
			login := a.login(name, another)
			begun, err := a.begin(customAuth, "USERNAME", name, "CHALLENGE_NAME", "SRP_A", "SRP_A", login.Params()["SRP_A"])
			check(t, err)
			_, err = a.claim(login, begun.ChallengeParameters, begun.Session)
			want := isWrong
			if i >= 5 {
				want = isLocked
			}
			if errorText(err) != want {
				t.Errorf("%s, guess %d: %v, want %q", name, i, err, want)
			}
		}
	}
}
