package userpool

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cenote-auth/cenote/internal/ident"
)

// Defaults of a password policy (AUTH-413).
const (
	defaultMinimumLength   = 8
	defaultTemporaryDays   = 7
	passwordSymbols        = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- " // AUTH-414
	passwordNotConforming  = "Password did not conform with policy: "
	maxPasswordHistorySize = 24
	maxPasswordLength      = 256 // AUTH-411
)

// passwordPolicy returns the pool's policy.
func (p *poolRecord) passwordPolicy() PasswordPolicyType {
	if p.Settings.Policies != nil && p.Settings.Policies.PasswordPolicy != nil {
		return *p.Settings.Policies.PasswordPolicy
	}
	return defaultPasswordPolicy()
}

func defaultPasswordPolicy() PasswordPolicyType {
	return PasswordPolicyType{
		MinimumLength: new(int32(defaultMinimumLength)), RequireUppercase: true, RequireLowercase: true, RequireNumbers: true,
		RequireSymbols: true, TemporaryPasswordValidityDays: defaultTemporaryDays,
	}
}

// checkPassword checks a new password against the pool's policy; the first violation is told (AUTH-415).
func (p *poolRecord) checkPassword(password string) error {
	policy := p.passwordPolicy()
	fail := func(reason string) error { return ErrInvalidPassword.New(passwordNotConforming + reason) }
	n := utf8.RuneCountInString(password)
	switch {
	case n > maxPasswordLength: // the map of a challenge's answers has no bound in the model
		return fail("Password is too long")
	case n < int(*policy.MinimumLength):
		return fail("Password not long enough")
	case policy.RequireUppercase && !strings.ContainsFunc(password, func(r rune) bool { return 'A' <= r && r <= 'Z' }):
		return fail("Password must have uppercase characters")
	case policy.RequireLowercase && !strings.ContainsFunc(password, func(r rune) bool { return 'a' <= r && r <= 'z' }):
		return fail("Password must have lowercase characters")
	case policy.RequireNumbers && !strings.ContainsFunc(password, func(r rune) bool { return '0' <= r && r <= '9' }):
		return fail("Password must have numeric characters")
	case policy.RequireSymbols && !strings.ContainsAny(strings.Trim(password, " "), passwordSymbols):
		return fail("Password must have symbol characters")
	case strings.TrimSpace(password) != password: // AUTH-411
		return fail("Password must not begin or end with white space")
	}
	return nil
}

// temporaryEnd returns when a temporary password that was set at that time stops working (AUTH-419).
func (p *poolRecord) temporaryEnd(set time.Time) time.Time {
	days := int(p.passwordPolicy().TemporaryPasswordValidityDays)
	if days == 0 { // AUTH-412
		days = defaultTemporaryDays
	}
	return set.AddDate(0, 0, days)
}

// temporaryPassword makes a password that satisfies the pool's policy (AUTH-417).
func (s *Service) temporaryPassword(p *poolRecord) (string, error) {
	return ident.TemporaryPassword(s.rand, int(*p.passwordPolicy().MinimumLength))
}
