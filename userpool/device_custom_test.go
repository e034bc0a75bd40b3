package userpool_test

import (
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-372, AUTH-242, C3: in CUSTOM_AUTH the device is asked when the functions' questions are over, and they are not asked again.
// However often somebody signs in so, nothing is counted against him; what the functions noted does not travel on (H2).
func TestDeviceAfterCustomAuth(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1, private: map[string]string{"long": strings.Repeat("x", 20_000)}}
	b := setup(t, func(c *userpool.Config) { c.Limits.WrongFactors = 2 })
	a := q.app(b, tracking(false, true))
	a.user("ada")
	d := a.confirmedDevice("ada")
	for range 4 {
		begun, err := a.begin(customAuth, "USERNAME", "ada", "DEVICE_KEY", d.key)
		check(t, err)
		asked, err := a.respond(customChallenge, begun.Session, "USERNAME", "ada", "ANSWER", "answer 0", "DEVICE_KEY", d.key)
		check(t, err)
		if asked.ChallengeName != "DEVICE_SRP_AUTH" {
			t.Fatalf("got %s", asked.ChallengeName)
		}
		defines := len(q.defines)
		tokens, err := a.through("ada", asked.Session, d)
		check(t, err)
		if claimsOf(t, tokens.AccessToken)["device_key"] != d.key || len(q.defines) != defines {
			t.Errorf("device_key %v, the functions were asked %d times more", claimsOf(t, tokens.AccessToken)["device_key"], len(q.defines)-defines)
		}
	}
	out, err := a.begin(customAuth, "USERNAME", "ada")
	check(t, err)
	done, err := a.respond(customChallenge, out.Session, "USERNAME", "ada", "ANSWER", "answer 0")
	check(t, err)
	a.deviceOf(done.AuthenticationResult)
}

// AUTH-223, AUTH-371: with SRP first the device is the last challenge all the same.
func TestDeviceAfterCustomSRP(t *testing.T) {
	t.Parallel()
	q := &quiz{rounds: 1}
	a := q.app(setup(t), tracking(false, true))
	a.user("ada")
	d := a.confirmedDevice("ada")
	login, err := srp.NewLogin(a.pool, "ada", password)
	check(t, err)
	params := login.Params()
	params["CHALLENGE_NAME"] = "SRP_A"
	begun, err := a.InitiateAuth(t.Context(), &userpool.InitiateAuthInput{ClientId: a.client, AuthFlow: customAuth, AuthParameters: params})
	check(t, err)
	responses, err := login.Respond(begun.ChallengeParameters, a.clock.Now())
	check(t, err)
	responses["DEVICE_KEY"] = d.key
	verified, err := a.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: responses,
	})
	check(t, err)
	if verified.ChallengeName != customChallenge {
		t.Fatalf("got %s", verified.ChallengeName)
	}
	answer := "answer " + strings.TrimPrefix(verified.ChallengeParameters["question"], "question ")
	asked, err := a.respond(customChallenge, verified.Session, "USERNAME", "ada", "ANSWER", answer, "DEVICE_KEY", d.key)
	check(t, err)
	if asked.ChallengeName != "DEVICE_SRP_AUTH" {
		t.Fatalf("got %s", asked.ChallengeName)
	}
	_, err = a.through("ada", asked.Session, d)
	check(t, err)
}
