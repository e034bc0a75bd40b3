package userpool_test

import (
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

const deviceWrong = isWrong

// AUTH-373…375, AUTH-163, C2, H1: what does not fit is refused: no session, another's session, another device's proof, another
// client, another pool, a changed block, a time that is off, a second use.
func TestDeviceProofs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(tracking(false, true))
	a.user("ada")
	a.user("eve")
	d, second, eves := a.confirmedDevice("ada"), a.confirmedDevice("ada"), a.confirmedDevice("eve")
	other := a.sibling()
	pool := b.app(tracking(false, true))
	pool.user("ada")
	theirs := pool.confirmedDevice("ada")
	session := a.deviceSession("ada", d)

	_, err := a.proveDevice("ada", d).start("")
	refused(t, err, userpool.ErrInvalidParameter, "Missing required parameter Session")
	for name, call := range map[string]func() error{
		"a made-up session":      func() error { _, err := a.proveDevice("ada", d).start("made-up-session-of-nobody"); return err },
		"another user's session": func() error { _, err := a.proveDevice("eve", eves).start(session); return err },
		"another client":         func() error { _, err := other.proveDevice("ada", d).start(session); return err },
		"another pool":           func() error { _, err := pool.proveDevice("ada", theirs).start(session); return err },
		"a name that nobody has": func() error { _, err := a.proveDevice("nobody", d).start(session); return err },
		"a session of before MFA": func() error {
			a.newcomer("bob")
			_, err := a.proveDevice("bob", d).start(a.challenged("bob"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, call(), userpool.ErrNotAuthorized, sessionBad) })
	}
	for _, key := range []string{second.key, eves.key, "us-east-1_0-0"} { // the challenge is for one device
		params := a.proveDevice("ada", d).login.Params()
		params["DEVICE_KEY"] = key
		_, err := a.proveDevice("ada", d).answer("DEVICE_SRP_AUTH", session, params)
		refused(t, err, userpool.ErrResourceNotFound, deviceMissing)
	}
	params := a.proveDevice("ada", d).login.Params()
	params["SRP_A"] = "0"
	_, err = a.proveDevice("ada", d).answer("DEVICE_SRP_AUTH", session, params)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
	params["SRP_A"] = "no hex"
	_, err = a.proveDevice("ada", d).answer("DEVICE_SRP_AUTH", session, params)
	refused(t, err, userpool.ErrInvalidParameter, "")

	p := a.proveDevice("ada", d)
	asked, err := p.start(session)
	check(t, err)
	claim := p.claim(asked)
	change := func(key, value string) map[string]string {
		out := map[string]string{}
		for k, v := range claim {
			out[k] = v
		}
		out[key] = value
		return out
	}
	password, err := a.srpStart("ada", password)
	check(t, err)
	block := password.ChallengeResponses["PASSWORD_CLAIM_SECRET_BLOCK"]
	for name, tt := range map[string]struct {
		by        app
		responses map[string]string
		code      awsapi.Code
		text      string
	}{
		"another user":            {a, change("USERNAME", "eve"), userpool.ErrNotAuthorized, deviceWrong},
		"nobody":                  {a, change("USERNAME", "nobody"), userpool.ErrNotAuthorized, deviceWrong},
		"another client":          {other, claim, userpool.ErrNotAuthorized, deviceWrong},
		"another pool":            {pool, claim, userpool.ErrNotAuthorized, deviceWrong},
		"another device":          {a, change("DEVICE_KEY", second.key), userpool.ErrNotAuthorized, deviceWrong},
		"a password's block":      {a, change("PASSWORD_CLAIM_SECRET_BLOCK", block), userpool.ErrNotAuthorized, deviceWrong},
		"a block of nobody":       {a, change("PASSWORD_CLAIM_SECRET_BLOCK", "AAAA"), userpool.ErrNotAuthorized, deviceWrong},
		"no base64":               {a, change("PASSWORD_CLAIM_SECRET_BLOCK", "!"), userpool.ErrInvalidParameter, ""},
		"a time that is far away": {a, change("TIMESTAMP", srp.Timestamp(b.clock.Now().Add(time.Hour))), userpool.ErrNotAuthorized, deviceWrong},
		"a time that was changed": {a, change("TIMESTAMP", srp.Timestamp(b.clock.Now().Add(time.Second))), userpool.ErrNotAuthorized, deviceWrong},
	} {
		t.Run(name, func(t *testing.T) {
			responses := tt.responses
			_, err := tt.by.proveDevice("ada", d).finish(responses)
			refused(t, err, tt.code, tt.text)
		})
	}
	// A block of a device is none of a password.
	_, err = a.respond("PASSWORD_VERIFIER", "", "USERNAME", "ada", "TIMESTAMP", claim["TIMESTAMP"],
		"PASSWORD_CLAIM_SECRET_BLOCK", claim["PASSWORD_CLAIM_SECRET_BLOCK"], "PASSWORD_CLAIM_SIGNATURE", claim["PASSWORD_CLAIM_SIGNATURE"])
	refused(t, err, userpool.ErrNotAuthorized, isWrong)

	late := a.fork(t)
	late.clock.Advance(3 * time.Minute)
	_, err = late.proveDevice("ada", d).start(session)
	refused(t, err, userpool.ErrNotAuthorized, sessionOver)
	_, err = late.proveDevice("ada", d).finish(claim)
	refused(t, err, userpool.ErrNotAuthorized, deviceWrong)

	twin := a.proveDevice("ada", d) // a second block of the same session
	twins, err := twin.start(session)
	check(t, err)
	_, err = p.finish(claim)
	check(t, err)
	for _, responses := range []map[string]string{claim, twin.claim(twins)} {
		_, err = p.finish(responses)
		refused(t, err, userpool.ErrNotAuthorized, "")
	}
	_, err = p.start(session)
	refused(t, err, userpool.ErrNotAuthorized, "")
}

// C4: a device challenge ends with the password it was reached by, with the device, with the user and with the flow.
func TestC4_DeviceChallengeEnds(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, true))
	a.user("ada")
	d := a.confirmedDevice("ada")
	session := a.deviceSession("ada", d)
	p := a.proveDevice("ada", d)
	asked, err := p.start(session)
	check(t, err)
	claim := p.claim(asked)
	for name, tt := range map[string]struct {
		do         func(a app)
		code       awsapi.Code
		text, late string
	}{
		"another password": {func(a app) { a.setPassword("ada", another) }, userpool.ErrNotAuthorized, sessionBad, deviceWrong},
		"forgotten":        {func(a app) { check(t, a.forget(d)) }, userpool.ErrResourceNotFound, deviceMissing, deviceMissing},
		"not remembered": {
			func(a app) { check(t, a.remember(d, userpool.DeviceRememberedStatusTypeNotRemembered)) }, userpool.ErrResourceNotFound, deviceMissing, deviceMissing,
		},
		"disabled":   {func(a app) { a.disable("ada") }, userpool.ErrNotAuthorized, "", ""},
		"deleted":    {func(a app) { a.remove("ada") }, userpool.ErrNotAuthorized, sessionBad, deviceWrong},
		"made again": {func(a app) { a.remove("ada"); a.user("ada") }, userpool.ErrNotAuthorized, sessionBad, deviceWrong},
		"flow switched off": {func(a app) {
			_, err := a.UpdateUserPoolClient(t.Context(), &userpool.UpdateUserPoolClientInput{
				UserPoolId: a.pool, ClientId: a.client,
				ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
			})
			check(t, err)
		}, userpool.ErrInvalidParameter, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := a.fork(t)
			tt.do(a)
			_, err := a.proveDevice("ada", d).start(session)
			refused(t, err, tt.code, tt.text)
			_, err = a.proveDevice("ada", d).finish(claim)
			refused(t, err, tt.code, tt.late)
		})
	}
}

// C3: wrong proofs of a device are counted over all sessions and lock the device, and nothing but the device.
func TestC3_WrongDeviceProofs(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.WrongFactors = 3 })
	a := b.app(tracking(false, true))
	a.user("ada")
	d, second := a.confirmedDevice("ada"), a.confirmedDevice("ada")
	wrong := d
	wrong.password = another
	for range 3 {
		_, err := a.through("ada", a.deviceSession("ada", d), wrong)
		refused(t, err, userpool.ErrNotAuthorized, deviceWrong)
	}
	_, err := a.through("ada", a.deviceSession("ada", d), d)
	refused(t, err, userpool.ErrNotAuthorized, tooOften)
	_, err = a.through("ada", a.deviceSession("ada", second), second)
	check(t, err)
	b.clock.Advance(2 * time.Second)
	_, err = a.through("ada", a.deviceSession("ada", d), d)
	check(t, err)
	_, err = a.through("ada", a.deviceSession("ada", d), wrong) // forgotten failures
	refused(t, err, userpool.ErrNotAuthorized, deviceWrong)
	_, err = a.through("ada", a.deviceSession("ada", d), d)
	check(t, err)
}

// C2, AUTH-193, AUTH-375: a claim of a device that comes again is answered as any other that does not fit, at once or later.
func TestC2_DeviceClaimAgain(t *testing.T) {
	t.Parallel()
	a := setup(t).app(tracking(false, true))
	a.user("ada")
	d := a.confirmedDevice("ada")
	p := a.proveDevice("ada", d)
	asked, err := p.start(a.deviceSession("ada", d))
	check(t, err)
	claim := p.claim(asked)
	_, err = p.finish(claim)
	check(t, err)
	_, err = p.finish(claim)
	refused(t, err, userpool.ErrNotAuthorized, isWrong)
}
