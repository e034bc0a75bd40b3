package userpool

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/ident"
)

// The lengths of codes that sign in: a second factor has six digits, a first one eight (AUTH-283, MSG-013).
const (
	secondFactorDigits = 6
	firstFactorDigits  = 8
)

// codeFactor is a challenge that is answered with a code that was sent.
type codeFactor struct {
	attribute string // that has the address
	response  string // the key of ChallengeResponses with the code
	method    string // as amr spells it
	factor    string // what wrong answers are counted under
	digits    int
}

// codeFactors has the challenges with codes. EMAIL_OTP is a first factor and a second one (AUTH-153).
var codeFactors = map[ChallengeNameType]*codeFactor{
	ChallengeNameTypeSmsMfa:   {"phone_number", "SMS_MFA_CODE", methodSMS, factorSMS, secondFactorDigits},
	ChallengeNameTypeSmsOtp:   {"phone_number", "SMS_OTP_CODE", methodSMS, factorSMS, firstFactorDigits},
	ChallengeNameTypeEmailOtp: {"email", "EMAIL_OTP_CODE", methodEmail, factorEmail, firstFactorDigits},
}

// askCode asks for a code that goes to the user's address, or to a given one for somebody who does not exist (AUTH-282,
// AUTH-330, AUTH-331).
func askCode(in signIn, name ChallengeNameType, to contact) *ask {
	digits, second := codeFactors[name].digits, in.Custom != nil || len(in.Methods) > 0
	if second {
		digits = secondFactorDigits
	}
	d := to.details()
	params := map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": string(d.DeliveryMedium), "CODE_DELIVERY_DESTINATION": d.Destination}
	if in.user != nil && second {
		params["USER_ID_FOR_SRP"] = in.user.name()
	}
	return &ask{name: name, params: params, code: &codeAsk{to: to, digits: digits}}
}

// codeAnswer is how such a challenge is answered.
func codeAnswer(name ChallengeNameType) *challengeAnswer {
	return &challengeAnswer{needs: []string{codeFactors[name].response}, session: true, run: (*Service).answerCode}
}

// newCodeOf returns a code of so many digits. It is made before the Update that stores it, so that a second run stores the same.
func (s *Service) newCodeOf(digits int) (string, error) { return ident.Code(s.rand, digits) }

// sessionCode is what a session keeps of its code.
func (c poolCrypt) sessionCode(v session, code string) []byte {
	return c.key.MAC("session code", hex.EncodeToString(v.ID), v.Sub, code)
}

// answerCode checks the code that a challenge sent. A wrong one leaves the session (AUTH-162, AUTH-284, AUTH-340); a right one
// proves the address as well (AUTH-285, AUTH-314).
func (s *Service) answerCode(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	si, v, err := s.resume(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	f := codeFactors[in.challenge]
	crypt, err := s.crypt(ctx, si.pool)
	if err != nil {
		return authAnswer{}, err
	}
	si, h, err := s.proveFactor(ctx, si, v, f.factor, func(now signIn) (*awsapi.Error, error) {
		fits := subtle.ConstantTimeCompare(v.Code, crypt.sessionCode(v, in.responses[f.response])) == 1
		if !fits || now.user == nil || now.user.Disabled || now.user.Attributes[v.Attribute] != v.formerValue() {
			return errWrongCode, nil
		}
		return nil, nil
	})
	if err != nil {
		return authAnswer{}, err
	}
	st := step{once: v.useOf(), hold: h, still: s.stillSecond(si.progress, in.challenge)}
	if v.toSetUp() || !si.user.verified(v.Attribute) {
		st.change = func(u *userRecord) error { return v.proveAddress(u, s.store.Now()) }
	}
	si.progress = si.proven(f.method)
	si.NewEmail = ""
	return s.advance(ctx, si, st)
}

// toSetUp reports whether the code went to an address that it is to make the user's, and a factor (AUTH-339).
func (v session) toSetUp() bool {
	return v.NewEmail != "" && v.Attribute == "email" && v.Value == v.NewEmail
}

// formerValue is what the user's attribute has to be while the session's code is out: the address that it went to, or nothing if
// the code is to make it his.
func (v session) formerValue() string {
	if v.toSetUp() {
		return ""
	}
	return v.Value
}

// proveAddress notes what a right code has proven. An address from MFA_SETUP becomes the user's, and a factor.
func (v session) proveAddress(u *userRecord, now time.Time) error {
	if u.Attributes[v.Attribute] != v.formerValue() {
		return errSessionInvalid
	}
	if v.toSetUp() {
		u.setAttributes(map[string]string{v.Attribute: v.Value})
		u.MFA.Email = true
		u.factorsChanged(now)
	}
	u.Attributes[v.Attribute+"_verified"] = "true"
	u.Modified = now
	return nil
}
