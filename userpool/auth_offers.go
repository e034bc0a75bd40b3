package userpool

import (
	"context"
	"slices"

	"github.com/cenote-auth/cenote/internal/ident"
)

// offers returns the challenges that a sign-in of a user, or of nobody, can go on with by choice.
func (s *Service) offers(ctx context.Context, in signIn, u *userRecord) ([]ChallengeNameType, error) {
	w, err := s.waysOf(ctx, in, u)
	if err != nil || len(in.Targets) == 0 {
		return w.first, err
	}
	list, _, err := w.toTarget()
	return list, err
}

// ways are what a user, or nobody, can prove himself by.
type ways struct {
	in    signIn
	u     *userRecord
	first []ChallengeNameType // what his sign-in could begin with
}

func (s *Service) waysOf(ctx context.Context, in signIn, u *userRecord) (ways, error) {
	w := ways{in, u, firstChallenges(in, u)}
	ok, err := s.offersPasskey(ctx, in, u)
	if ok {
		w.first = append(w.first, ChallengeNameTypeWebAuthn)
	}
	return w, err
}

// passwordChallenges are the two ways to prove a password, in the order that AWS offers them.
var passwordChallenges = []ChallengeNameType{ChallengeNameTypePasswordSrp, ChallengeNameTypePassword}

// firstChallenges returns what a sign-in of the user can begin with, passkeys apart (AUTH-274). Somebody who has to prove a second factor, or has a
// temporary password, begins with a password (AUTH-211, AUTH-286). Where the client hides who exists, nobody can be told from a
// user by the lack of a password: the challenge is put and its answer is wrong (H7).
func firstChallenges(in signIn, u *userRecord) []ChallengeNameType {
	var out []ChallengeNameType
	if in.client.hides() || u.hasPassword() {
		out = append(out, passwordChallenges...)
	}
	if u == nil || u.signsInByCode() && !in.pool.secondFactorDue(u) {
		for _, f := range in.pool.firstFactors() {
			if c := codeFactors[f]; c != nil && in.reachable(u, c.attribute) {
				out = append(out, f)
			}
		}
	}
	return out
}

// firstFactors are what the pool lets sign-ins begin with, by the names of the challenges. A factor and its challenge have one name.
func (p *poolRecord) firstFactors() []ChallengeNameType {
	var out []ChallengeNameType
	for _, f := range p.Settings.Policies.SignInPolicy.AllowedFirstAuthFactors {
		out = append(out, ChallengeNameType(f))
	}
	return out
}

// hasPassword reports whether there is a user and he has a password.
func (u *userRecord) hasPassword() bool { return u != nil && u.Password != nil }

// signsInByCode reports whether the status of a user lets him prove himself without a password.
func (u *userRecord) signsInByCode() bool {
	switch u.Status {
	case UserStatusTypeConfirmed, UserStatusTypeUnconfirmed, UserStatusTypeResetRequired: // the last two are told so, and get no tokens
		return true
	}
	return false
}

// secondFactorDue reports whether the user has to prove a second factor after a password (AUTH-286).
func (p *poolRecord) secondFactorDue(u *userRecord) bool {
	active := p.activeFactors(u)
	return p.Settings.MfaConfiguration == UserPoolMfaTypeOn || len(active.usable) > 0 || active.lost
}

// reachable reports whether a code can go to the user; of nobody, whether it could to a user who typed that name. An address
// need not be verified: the code does that (AUTH-274, AUTH-285, unconfirmed).
func (in signIn) reachable(u *userRecord, attribute string) bool {
	if u != nil {
		return u.Attributes[attribute] != ""
	}
	usual := in.pool.usuallyHas(attribute)
	switch {
	case ident.IsEmail(in.name):
		return usual || attribute == "email"
	case ident.IsPhone(in.name):
		return usual || attribute == "phone_number"
	}
	return usual || !in.pool.usuallyHas("email") && !in.pool.usuallyHas("phone_number")
}

// usuallyHas reports whether the settings of the pool make its users have an address.
func (p *poolRecord) usuallyHas(attribute string) bool {
	a := p.attribute(attribute)
	return p.autoVerifies(attribute) || a != nil && isTrue(a.Required)
}

// mayEnd refuses a sign-in without a password that the user, as he is now, could not begin with any more: a second factor is due,
// or the pool has switched its first factor off (AUTH-286, C2, C4).
func mayEnd(in signIn, next *userRecord) error {
	proved := func(m string) bool { return slices.Contains(in.Methods, m) }
	if in.Flow != AuthFlowTypeUserAuth || proved(methodPassword) || proved(methodPlatform) || proved(methodRoaming) {
		return nil
	}
	if in.confirmed { // the code of the sign-up was his first factor, whatever the pool offers (AUTH-288)
		if in.pool.secondFactorDue(next) {
			return errSessionInvalid
		}
		return nil
	}
	for _, name := range firstChallenges(in, next) {
		if c := codeFactors[name]; c != nil && proved(c.method) {
			return nil
		}
	}
	return errSessionInvalid
}
