package userpool_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/userpool"
)

// AUTH-379, AUTH-573: a remembered device that replaces second factors, where devices are always remembered, replaces those that a
// risk demands; in other pools it does not. A key that somebody only claims exempts from nothing, and nothing exempts from a block.
func TestRiskOnRememberedDevices(t *testing.T) {
	t.Parallel()
	for _, replaces := range []bool{true, false} {
		for _, onPrompt := range []bool{true, false} {
			for _, action := range []userpool.AccountTakeoverEventActionType{"MFA_IF_CONFIGURED", "MFA_REQUIRED", "BLOCK"} {
				for _, factor := range []bool{true, false} {
					name := fmt.Sprintf("replaces %t/on prompt %t/%s/has a factor %t", replaces, onPrompt, action, factor)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						exempt := replaces && !onPrompt
						a := protect(t, enforced, ownMail, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil }, tracking(onPrompt, replaces))
						a.mfa("OPTIONAL", smsMFA)
						if factor {
							a.newcomer("ada", "phone_number", phone)
						} else {
							a.newcomer("ada")
						}
						a.setPassword("ada", password)
						d := a.confirmedDevice("ada")
						if onPrompt {
							check(t, a.remember(d, "remembered"))
						}
						a.setRisk(userpool.SetRiskConfigurationInput{AccountTakeoverRiskConfiguration: only(risk.Low, action)})
						a.stub.level = risk.High
						a.clock.Advance(time.Second)

						// What a device would spare does not depend on the key that is claimed, but on the proof.
						out, err := a.from("ada", "us-east-1_00000000-0000-4000-8000-000000000000")
						if err == nil && out.AuthenticationResult != nil && action != "MFA_IF_CONFIGURED" {
							t.Fatal("let in by a key that is nobody's")
						}
						a.clock.Advance(time.Second)
						out, err = a.from("ada", d.key)
						if action == "BLOCK" || action == "MFA_REQUIRED" && !factor && !exempt {
							refused(t, err, userpool.ErrNotAuthorized, blockedText)
							return
						}
						check(t, err)
						challenge, session := out.ChallengeName, out.Session
						if (challenge == smsMFA) != (factor && !exempt) {
							t.Errorf("goes on with %s", challenge)
						}
						if challenge == smsMFA {
							next, err := a.respond(smsMFA, session, "USERNAME", "ada", "SMS_MFA_CODE", a.code(phone), "DEVICE_KEY", d.key)
							check(t, err)
							challenge, session = next.ChallengeName, next.Session
						}
						if challenge != userpool.ChallengeNameTypeDeviceSrpAuth {
							t.Fatalf("goes on with %s", challenge)
						}
						p := a.proveDevice("ada", d)
						asked, err := p.start(session)
						check(t, err)
						last, err := p.finish(p.claim(asked))
						check(t, err)
						if last.AuthenticationResult == nil {
							t.Fatalf("goes on with %q", last.ChallengeName)
						}
						if e := a.last("ada"); e.EventResponse != "Pass" {
							t.Errorf("recorded %+v", e)
						}
					})
				}
			}
		}
	}
}
