package userpool_test

import (
	"testing"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/userpool"
)

// customMode gives custom authentication a mode of its own.
func customMode(standard userpool.AdvancedSecurityModeType, custom userpool.AdvancedSecurityEnabledModeType) func(*userpool.CreateUserPoolInput) {
	return func(in *userpool.CreateUserPoolInput) {
		plus(standard)(in)
		if custom != "" {
			in.UserPoolAddOns.AdvancedSecurityAdditionalFlows = &userpool.AdvancedSecurityAdditionalFlowsType{CustomAuthMode: custom}
		}
	}
}

// AUTH-240, AUTH-551: custom authentication is watched in its own mode only, and judged when the pool's functions let somebody in.
func TestCustomAuthMode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		standard        userpool.AdvancedSecurityModeType
		custom          userpool.AdvancedSecurityEnabledModeType
		judged, acts    bool
		passwordRefused bool
	}{
		{"not watched", enforced, "", false, false, true},
		{"recorded", enforced, "AUDIT", true, false, true},
		{"acted upon", enforced, "ENFORCED", true, true, true},
		{"acted upon, passwords not", audit, "ENFORCED", true, true, false},
		{"acted upon, passwords not watched", userpool.AdvancedSecurityModeTypeOff, "ENFORCED", true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stub := &stubAssessor{}
			q := &quiz{rounds: 1}
			a := q.app(setup(t, func(c *userpool.Config) { c.RiskAssessor = stub }), customMode(tt.standard, tt.custom))
			a.user("ada")
			a.setRisk(userpool.SetRiskConfigurationInput{
				AccountTakeoverRiskConfiguration: actions("NO_ACTION", "NO_ACTION", "BLOCK"), RiskExceptionConfiguration: ranges([]string{"203.0.113.0/24"}, nil),
			})
			stub.level = risk.High
			_, err := a.InitiateAuth(a.via("203.0.113.1", ""), &userpool.InitiateAuthInput{
				ClientId: a.client, AuthFlow: customAuth, AuthParameters: map[string]string{"USERNAME": "ada"},
			})
			if tt.acts {
				refused(t, err, userpool.ErrNotAuthorized, blockedText)
			} else {
				check(t, err)
			}
			a.clock.Advance(1)
			begun, err := a.begin(customAuth, "USERNAME", "ada")
			check(t, err)
			if len(stub.attempts()) != 0 {
				t.Error("judged before anything was proven")
			}
			_, err = a.respond(customChallenge, begun.Session, "USERNAME", "ada", "ANSWER", "answer 0")
			if tt.acts {
				refused(t, err, userpool.ErrNotAuthorized, blockedText)
				if e := a.last("ada"); e.EventResponse != "Fail" || e.EventRisk.RiskDecision != "Block" {
					t.Errorf("recorded %+v", e)
				}
			} else {
				check(t, err)
			}
			if seen := stub.attempts(); (len(seen) == 1) != tt.judged || tt.judged && seen[0].Flow != "CUSTOM_AUTH" {
				t.Errorf("judged %+v", seen)
			}
			if tt.judged && !tt.acts && (a.last("ada").EventResponse != "Pass" || a.last("ada").EventRisk.RiskLevel != "High") {
				t.Errorf("recorded %+v", a.last("ada"))
			}
			_, err = a.respond(customChallenge, begun.Session, "USERNAME", "ada", "ANSWER", "answer 0")
			refused(t, err, userpool.ErrNotAuthorized, sessionUsed)
			_, err = a.tryPassword("ada", password)
			if (err != nil) != tt.passwordRefused {
				t.Errorf("by password: %v", err)
			}
		})
	}
}
