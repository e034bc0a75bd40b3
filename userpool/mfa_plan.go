package userpool

import (
	"encoding/json"
	"fmt"
	"slices"
)

// mfaSettings are the second factors that a user has switched on (AUTH-306).
type mfaSettings struct {
	SMS       bool              `json:"s,omitempty"`
	TOTP      bool              `json:"t,omitempty"`
	Email     bool              `json:"e,omitempty"`
	WebAuthn  bool              `json:"w,omitempty"` // a passkey with user verification counts as both factors (AUTH-312)
	Preferred ChallengeNameType `json:"p,omitempty"`
}

// secondFactorPlan is what a user has to prove after a password.
type secondFactorPlan struct {
	usable []ChallengeNameType // one of these; the preferred one alone if there is one
	setUp  []ChallengeNameType // else one of these is to be set up first
	lost   bool                // what the user switched on has no address any more: nothing can be proven (AUTH-329)
}

// errNoSecondFactor is for a user who wants a second factor and has none that reaches him: letting him in without would take his
// choice from him (AUTH-329, unconfirmed text).
var errNoSecondFactor = ErrMFAMethodNotFound.New("No MFA method found for the user.")

// secondFactors decides which second factor a user has to prove (AUTH-315…324).
func (p *poolRecord) secondFactors(u *userRecord) secondFactorPlan {
	plan := p.activeFactors(u)
	if slices.Contains(plan.usable, u.MFA.Preferred) {
		plan.usable = []ChallengeNameType{u.MFA.Preferred}
	}
	return plan
}

// activeFactors is secondFactors before the user's preference.
func (p *poolRecord) activeFactors(u *userRecord) secondFactorPlan {
	required := p.Settings.MfaConfiguration == UserPoolMfaTypeOn
	if !required && p.Settings.MfaConfiguration != UserPoolMfaTypeOptional {
		return secondFactorPlan{}
	}
	var plan secondFactorPlan
	add := func(f ChallengeNameType, on bool) {
		if on {
			plan.usable = append(plan.usable, f)
		}
	}
	// In a pool that demands a second factor, what can be used is used: nobody has to switch it on (AUTH-320, AUTH-322). An
	// address for mail counts only where there is nothing else (AUTH-321).
	add(ChallengeNameTypeSmsMfa, p.canSMS(u) && (required || u.MFA.SMS))
	add(ChallengeNameTypeSoftwareTokenMfa, u.hasTOTP() && (required || u.MFA.TOTP))
	add(ChallengeNameTypeEmailOtp, p.canEmail(u) && (u.MFA.Email || required && len(plan.usable) == 0))
	switch {
	case len(plan.usable) > 0:
	case required:
		plan.setUp = p.secondFactorKinds()
	default:
		plan.lost = p.MFA.SMS && u.MFA.SMS || p.MFA.Email != nil && u.MFA.Email
	}
	return plan
}

// secondFactorKinds are the second factors that the pool offers, in the order of AUTH-335.
func (p *poolRecord) secondFactorKinds() []ChallengeNameType {
	var out []ChallengeNameType
	if p.MFA.SMS {
		out = append(out, ChallengeNameTypeSmsMfa)
	}
	if p.hasTOTP() {
		out = append(out, ChallengeNameTypeSoftwareTokenMfa)
	}
	if p.MFA.Email != nil {
		out = append(out, ChallengeNameTypeEmailOtp)
	}
	return out
}

// hasTOTP reports whether users can register software tokens.
func (p *poolRecord) hasTOTP() bool { return p.MFA.TOTP != nil && p.MFA.TOTP.Enabled }

// canSMS reports whether a code can reach the user by SMS; the number need not be verified (AUTH-314).
func (p *poolRecord) canSMS(u *userRecord) bool {
	return p.MFA.SMS && u.Attributes["phone_number"] != ""
}

// canEmail reports whether a code can reach the user by mail.
func (p *poolRecord) canEmail(u *userRecord) bool {
	return p.MFA.Email != nil && u.Attributes["email"] != ""
}

// hasTOTP reports whether the user has a verified software token. It goes on working when the pool switches them off (AUTH-305).
func (u *userRecord) hasTOTP() bool { return u.TOTP != nil && len(u.TOTP.Sealed) > 0 }

// ask puts the plan into a challenge, or returns nil if there is nothing to prove.
func (plan secondFactorPlan) ask(in signIn, next *userRecord) (*ask, error) {
	switch {
	case plan.lost:
		return nil, errNoSecondFactor
	case slices.Contains(plan.usable, in.Chosen):
		return askSecondFactor(in, next, in.Chosen)
	case in.NewEmail != "" && slices.Contains(plan.setUp, ChallengeNameTypeEmailOtp):
		return askCode(in, ChallengeNameTypeEmailOtp, contact{"email", in.NewEmail}), nil
	case len(plan.usable) == 1:
		return askSecondFactor(in, next, plan.usable[0])
	case len(plan.usable) > 1:
		return askChoice(ChallengeNameTypeSelectMfaType, "MFAS_CAN_CHOOSE", plan.usable, next)
	case len(plan.setUp) > 0:
		return askChoice(ChallengeNameTypeMfaSetup, "MFAS_CAN_SETUP", plan.setUp, next)
	}
	return nil, nil
}

// askSecondFactor asks for one second factor.
func askSecondFactor(in signIn, next *userRecord, f ChallengeNameType) (*ask, error) {
	if f == ChallengeNameTypeSoftwareTokenMfa {
		params := map[string]string{"USER_ID_FOR_SRP": next.name()}
		if next.TOTP.Name != "" {
			params["FRIENDLY_DEVICE_NAME"] = next.TOTP.Name
		}
		return &ask{name: f, params: params}, nil
	}
	attribute := codeFactors[f].attribute
	return askCode(in, f, contact{attribute, next.Attributes[attribute]}), nil
}

// askChoice asks to choose one of several factors (AUTH-333, AUTH-335).
func askChoice(name ChallengeNameType, param string, list []ChallengeNameType, next *userRecord) (*ask, error) {
	text, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode factors: %w", err)
	}
	return &ask{
		name: name, params: map[string]string{param: string(text), "USER_ID_FOR_SRP": next.name()}, expect: expectation{Choices: list},
	}, nil
}
