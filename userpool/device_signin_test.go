package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-362, AUTH-371…374, AUTH-376, AUTH-501, TRG-145: a remembered device proves itself after the password and is the
// sign-in's device then.
func TestRememberedDevice(t *testing.T) {
	t.Parallel()
	for _, onPrompt := range []bool{false, true} {
		b := setup(t)
		var sources []trigger.Source
		var made []bool
		pre := on(b, "pre", func(_ context.Context, e trigger.PreTokenGenerationEvent) (trigger.PreTokenGenerationEvent, error) {
			sources = append(sources, e.TriggerSource)
			return e, nil
		})
		post := on(b, "post", func(_ context.Context, e trigger.PostAuthenticationEvent) (trigger.PostAuthenticationEvent, error) {
			made = append(made, e.Request.NewDeviceUsed)
			return e, nil
		})
		a := b.app(tracking(onPrompt, false), withSecret, lambdas(userpool.LambdaConfigType{PreTokenGeneration: pre, PostAuthentication: post}))
		a.user("ada")
		d := a.confirmedDevice("ada")
		if onPrompt {
			check(t, a.remember(d, userpool.DeviceRememberedStatusTypeRemembered))
		}
		b.clock.Advance(time.Hour)
		out, err := a.from("ada", d.key)
		check(t, err)
		if out.ChallengeName != "DEVICE_SRP_AUTH" || out.ChallengeParameters["DEVICE_KEY"] != d.key || out.ChallengeParameters["USERNAME"] != "ada" {
			t.Fatalf("got %s with %v", out.ChallengeName, out.ChallengeParameters)
		}
		p := a.proveDevice("ada", d)
		asked, err := p.start(out.Session)
		check(t, err)
		for _, key := range []string{"SALT", "SRP_B", "SECRET_BLOCK", "DEVICE_KEY", "USERNAME"} {
			if asked.ChallengeParameters[key] == "" {
				t.Errorf("%s lacks %s", asked.ChallengeName, key)
			}
		}
		if asked.ChallengeName != "DEVICE_PASSWORD_VERIFIER" || asked.ChallengeParameters["DEVICE_KEY"] != d.key {
			t.Errorf("got %s for %s", asked.ChallengeName, asked.ChallengeParameters["DEVICE_KEY"])
		}
		done, err := p.finish(p.claim(asked))
		check(t, err)
		tokens := done.AuthenticationResult
		if tokens.NewDeviceMetadata != nil || claimsOf(t, tokens.AccessToken)["device_key"] != d.key {
			t.Errorf("made %v, device_key %v", tokens.NewDeviceMetadata, claimsOf(t, tokens.AccessToken)["device_key"])
		}
		if seen := a.seen("ada", d.key); !seen.DeviceLastAuthenticatedDate.Equal(b.clock.Now()) {
			t.Errorf("last authenticated %v", seen.DeviceLastAuthenticatedDate)
		}
		if len(sources) != 2 || sources[1] != trigger.TokenGenerationAuthenticateDevice || !made[0] || made[1] {
			t.Errorf("sources %v, new devices %v", sources, made)
		}
	}
}

// AUTH-371, AUTH-372: SRP sign-ins name the device in PASSWORD_VERIFIER, whatever they said at first, as the JavaScript clients
// do; the two challenges need one session and no second one (AUTH-163).
func TestDeviceAfterSRP(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false), emailAlias)
	a.user("ada", "email", "ada@example.com")
	d := a.confirmedDevice("ada")
	in, err := a.srpStart("ada", password)
	check(t, err)
	in.ChallengeResponses["DEVICE_KEY"] = d.key
	out, err := a.RespondToAuthChallenge(t.Context(), in)
	check(t, err)
	if out.ChallengeName != "DEVICE_SRP_AUTH" {
		t.Fatalf("got %s", out.ChallengeName)
	}
	tokens, err := a.through("ada", out.Session, d)
	check(t, err)
	if claimsOf(t, tokens.AccessToken)["device_key"] != d.key {
		t.Error("no device_key")
	}
	// AUTH-369: the alias finds the same user and device.
	session := a.deviceSession("ada@example.com", d)
	p := a.proveDevice("ada@example.com", d)
	asked, err := p.start(session)
	check(t, err)
	claim := p.claim(asked)
	claim["USERNAME"] = "ada"
	_, err = p.answer(userpool.ChallengeNameTypeDevicePasswordVerifier, session, claim) // a session that is not needed
	check(t, err)
}

// AUTH-371: what is said of a key that is not one of the user's, after the password and not before; the step can be repeated
// without it.
func TestUnknownDevice(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	a.user("eve")
	foreign, gone := a.confirmedDevice("eve"), a.confirmedDevice("ada")
	check(t, a.forget(gone))
	for _, key := range []string{foreign.key, gone.key, "us-east-1_0-0", "no key", string(make([]byte, 100_000))} {
		_, err := a.from("ada", key)
		refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
		in, err := a.srpStart("ada", password)
		check(t, err)
		in.ChallengeResponses["DEVICE_KEY"] = key
		_, err = a.RespondToAuthChallenge(t.Context(), in)
		refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
		delete(in.ChallengeResponses, "DEVICE_KEY") // the very same claim
		out, err := a.RespondToAuthChallenge(t.Context(), in)
		check(t, err)
		if out.AuthenticationResult.NewDeviceMetadata == nil {
			t.Error("no new device")
		}
		_, err = a.begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", "ada", "PASSWORD", another, "DEVICE_KEY", key)
		refused(t, err, userpool.ErrNotAuthorized, isWrong)
	}
}

// AUTH-204: the signed operations take device keys and the challenges of devices; each family answers its own (AUTH-164).
func TestDevicesOfServers(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d := a.confirmedDevice("ada")
	begin := func() string {
		out, err := a.AdminInitiateAuth(t.Context(), &userpool.AdminInitiateAuthInput{
			UserPoolId: a.pool, ClientId: a.client, AuthFlow: userpool.AuthFlowTypeAdminUserPasswordAuth,
			AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password, "DEVICE_KEY": d.key},
		})
		check(t, err)
		return out.Session
	}
	respond := func(challenge userpool.ChallengeNameType, session string, responses map[string]string) *userpool.AdminRespondToAuthChallengeOutput {
		out, err := a.AdminRespondToAuthChallenge(t.Context(), &userpool.AdminRespondToAuthChallengeInput{
			UserPoolId: a.pool, ClientId: a.client, ChallengeName: challenge, Session: session, ChallengeResponses: responses,
		})
		check(t, err)
		return out
	}
	p, session := a.proveDevice("ada", d), begin()
	asked := respond("DEVICE_SRP_AUTH", session, p.login.Params())
	claim, err := p.login.Respond(asked.ChallengeParameters, a.clock.Now())
	check(t, err)
	_, err = p.finish(claim)
	refused(t, err, userpool.ErrNotAuthorized, deviceWrong)
	done := respond("DEVICE_PASSWORD_VERIFIER", "", claim)
	check(t, a.refreshOn(done.AuthenticationResult.RefreshToken, d.key))
	_, err = a.through("ada", begin(), d)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
}

// AUTH-372, AUTH-378, AUTH-381: devices that are not confirmed or not remembered are not asked. The former sign-in gets a new
// device, the latter is of no device.
func TestDevicesThatAreNotAsked(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(true, true))
	a.user("ada")
	unconfirmed, quiet := a.newDevice("ada"), a.confirmedDevice("ada")
	out, err := a.from("ada", unconfirmed.key)
	check(t, err)
	if again := a.deviceOf(out.AuthenticationResult); again.key == unconfirmed.key {
		t.Error("an unconfirmed device was taken for the sign-in's")
	}
	out, err = a.from("ada", quiet.key)
	check(t, err)
	tokens := out.AuthenticationResult
	if tokens.NewDeviceMetadata != nil || claimsOf(t, tokens.AccessToken)["device_key"] != nil {
		t.Errorf("made %v, device_key %v", tokens.NewDeviceMetadata, claimsOf(t, tokens.AccessToken)["device_key"])
	}
	check(t, a.refreshOn(tokens.RefreshToken, ""))
	check(t, a.remember(quiet, userpool.DeviceRememberedStatusTypeRemembered))
	a.deviceSession("ada", quiet)
	check(t, a.remember(quiet, userpool.DeviceRememberedStatusTypeNotRemembered))
	out, err = a.from("ada", quiet.key)
	check(t, err)
	if out.AuthenticationResult == nil {
		t.Errorf("got %s", out.ChallengeName)
	}
	a.track(&userpool.DeviceConfigurationType{}) // always: but not what was taken out
	if out, err = a.from("ada", quiet.key); err != nil || out.AuthenticationResult == nil {
		t.Errorf("got %v, %v", out, err)
	}
	a.clock.Advance(32 * 24 * time.Hour) // an unconfirmed one ends with its family (AUTH-362)
	_, err = a.from("ada", unconfirmed.key)
	refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
}

// AUTH-371: a pool that tracks no devices ignores keys.
func TestKeysWithoutTracking(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, false))
	a.user("ada")
	d := a.confirmedDevice("ada")
	session := a.deviceSession("ada", d)
	a.track(nil)
	for _, key := range []string{d.key, "us-east-1_0-0", "no key"} {
		out, err := a.from("ada", key)
		check(t, err)
		if out.AuthenticationResult == nil || out.AuthenticationResult.NewDeviceMetadata != nil {
			t.Errorf("got %+v", out)
		}
	}
	_, err := a.through("ada", session, d)
	refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
}

// H7: a device key tells nothing about names: the answer is the one without it.
func TestH7_DeviceKeysOfNobody(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, true), hides)
	a.user("ada")
	d := a.confirmedDevice("ada")
	for _, name := range []string{"ada", "nobody"} {
		for _, key := range []string{d.key, "us-east-1_0-0", "no key"} {
			_, err := a.begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", name, "PASSWORD", another, "DEVICE_KEY", key)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
			in, err := a.srpStart(name, another)
			check(t, err)
			in.ChallengeResponses["DEVICE_KEY"] = key
			_, err = a.RespondToAuthChallenge(t.Context(), in)
			refused(t, err, userpool.ErrNotAuthorized, isWrong)
			a.clock.Advance(time.Hour) // no lock-out
			_, err = a.proveDevice(name, d).start("made-up-session-of-nobody")
			refused(t, err, userpool.ErrNotAuthorized, sessionBad)
		}
	}
}

// AUTH-373: a client that answers DEVICE_SRP_AUTH with the session of the challenge before, which led to it, is as good as one
// with its own: amazon-cognito-identity-js does so after an MFA code. A session that led nowhere, or to the end, is not.
func TestDeviceBySessionBefore(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, true))
	a.user("ada")
	a.user("eve")
	d, eves := a.confirmedDevice("ada"), a.confirmedDevice("eve")
	_, err := a.AdminSetUserPassword(t.Context(), &userpool.AdminSetUserPasswordInput{UserPoolId: a.pool, Username: "ada", Password: another})
	check(t, err)
	begun, err := a.tryPassword("ada", another)
	check(t, err)
	a.clock.Advance(2*time.Minute + 50*time.Second)
	_, err = a.proveDevice("ada", d).start(begun.Session)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	out, err := a.respond(newPassword, begun.Session, "USERNAME", "ada", "NEW_PASSWORD", password, "DEVICE_KEY", d.key)
	check(t, err)
	if out.ChallengeName != "DEVICE_SRP_AUTH" {
		t.Fatalf("got %s", out.ChallengeName)
	}
	a.clock.Advance(20 * time.Second) // the one before would have ended by now
	_, err = a.proveDevice("eve", eves).start(begun.Session)
	refused(t, err, userpool.ErrNotAuthorized, sessionBad)
	fork := a.fork(t)
	fork.clock.Advance(2 * time.Minute)
	_, err = fork.proveDevice("ada", d).start(begun.Session)
	refused(t, err, userpool.ErrNotAuthorized, sessionOver)
	_, err = a.through("ada", begun.Session, d)
	check(t, err)
	for _, session := range []string{begun.Session, out.Session} {
		_, err = a.through("ada", session, d)
		refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
	}
	_, err = a.respond(newPassword, begun.Session, "USERNAME", "ada", "NEW_PASSWORD", password, "DEVICE_KEY", d.key)
	refused(t, err, userpool.ErrNotAuthorized, "")

	// One that led to tokens.
	a.newcomer("bob")
	session := a.challenged("bob")
	done, err := a.respond(newPassword, session, "USERNAME", "bob", "NEW_PASSWORD", another)
	check(t, err)
	bobs := a.deviceOf(done.AuthenticationResult)
	_, err = a.confirmDevice(bobs)
	check(t, err)
	_, err = a.proveDevice("bob", bobs).start(session)
	refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
}

// AUTH-382: the address of the last sign-in.
func TestDeviceAddress(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, true))
	a.user("ada")
	from := func(ip string) context.Context { return awsapi.WithCaller(t.Context(), awsapi.Caller{SourceIP: ip}) }
	out, err := a.InitiateAuth(from("192.0.2.1"), &userpool.InitiateAuthInput{
		ClientId: a.client, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": password},
	})
	check(t, err)
	d := a.deviceOf(out.AuthenticationResult)
	_, err = a.confirmDevice(d)
	check(t, err)
	seen := func(want string) {
		t.Helper()
		if got := valueOf(a.seen("ada", d.key).DeviceAttributes, "last_ip_used"); got != want {
			t.Errorf("last_ip_used is %q, want %q", got, want)
		}
	}
	seen("192.0.2.1")
	p := a.proveDevice("ada", d)
	asked, err := p.start(a.deviceSession("ada", d))
	check(t, err)
	_, err = a.RespondToAuthChallenge(from("::ffff:192.0.2.2"), &userpool.RespondToAuthChallengeInput{
		ClientId: a.client, ChallengeName: asked.ChallengeName, ChallengeResponses: p.claim(asked),
	})
	check(t, err)
	seen("192.0.2.2")
}
