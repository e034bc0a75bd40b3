// Until USER_AUTH, SetUserMFAPreference and SetUserPoolMfaConfig are built, this stands in for them.
package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

func init() {
	if authFlows[AuthFlowTypeUserAuth] != nil {
		return
	}
	authFlows[AuthFlowTypeUserAuth] = &authFlow{public: true, signed: true, needs: []string{"USERNAME"},
		run: func(s *Service, ctx context.Context, in authStart, sc scope) (authAnswer, error) {
			sc, err := s.admit(ctx, sc, in)
			if err != nil {
				return authAnswer{}, err
			}
			si, err := s.newSignIn(sc, in)
			if err != nil {
				return authAnswer{}, err
			}
			if ok, err := s.offersPasskey(ctx, si, sc.user); err != nil || !ok {
				return authAnswer{challenge: ChallengeNameTypeSelectChallenge}, err
			}
			q, err := s.askPasskey(ctx, si, sc.user)
			if err != nil {
				return authAnswer{}, err
			}
			return s.put(ctx, si, sc.user, step{}, q, &ending{})
		}}
	flowSwitches[AuthFlowTypeUserAuth] = flowSwitch{[]ExplicitAuthFlowsType{ExplicitAuthFlowsTypeAllowUserAuth}, "USER_AUTH is not enabled for the client."}
	unavailableClientSettings = slices.DeleteFunc(unavailableClientSettings, func(u struct {
		member string
		asked  func(c *UserPoolClientType) bool
	}) bool {
		return u.member == "ExplicitAuthFlows value ALLOW_USER_AUTH"
	})
}

// SetWebAuthnMFA stands in for SetUserMFAPreference.
func (s *Service) SetWebAuthnMFA(ctx context.Context, poolID, name string, on bool) error {
	sc, err := s.poolUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	return s.update(ctx, sc, func(tx *store.Tx, now scope) error {
		now.user.MFA.WebAuthn = on
		return nil
	})
}

// SetMFA stands in for SetUserPoolMfaConfig.
func (s *Service) SetMFA(ctx context.Context, poolID string, c UserPoolMfaType) error {
	return s.changePool(ctx, poolID, func(tx *store.Tx, p *poolRecord) error {
		p.Settings.MfaConfiguration = c
		return nil
	})
}
