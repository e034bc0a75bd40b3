package userpool_test

import (
	"context"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

func (a app) askCode(access, attribute string) (*userpool.CodeDeliveryDetailsType, error) {
	out, err := a.GetUserAttributeVerificationCode(a.t.Context(), &userpool.GetUserAttributeVerificationCodeInput{
		AccessToken: access, AttributeName: attribute, ClientMetadata: map[string]string{"k": "v"},
	})
	if err != nil {
		return nil, err
	}
	return out.CodeDeliveryDetails, nil
}

func (a app) verify(access, attribute, code string) error {
	_, err := a.VerifyUserAttribute(a.t.Context(), &userpool.VerifyUserAttributeInput{AccessToken: access, AttributeName: attribute, Code: code})
	return err
}

func (a app) setAttributes(name string, pairs ...string) {
	a.t.Helper()
	_, err := a.AdminUpdateUserAttributes(a.t.Context(), &userpool.AdminUpdateUserAttributesInput{
		UserPoolId: a.pool, Username: name, UserAttributes: attributes(pairs...),
	})
	check(a.t, err)
}

// AUTH-126, AUTH-586, AUTH-587, ATTR-055, ATTR-058: a code is asked for, sent, and verifies its own address once.
func TestVerifyAttribute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var asked trigger.CustomMessageEvent
	arn := on(b, "message", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		asked = e
		return e, nil
	})
	a := b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}), func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	a.user("ada", "email", "ada@example.com", "phone_number", "+15550101234")
	access := a.signIn("ada").AccessToken
	for attribute, to := range map[string]string{"email": "ada@example.com", "phone_number": "+15550101234"} {
		refused(t, a.verify(access, attribute, "123456"), userpool.ErrExpiredCode, codeIsOver)
		d, err := a.askCode(access, attribute)
		check(t, err)
		if d.AttributeName != attribute || asked.TriggerSource != "CustomMessage_VerifyUserAttribute" || asked.Request.ClientMetadata["k"] != "v" {
			t.Errorf("delivery %+v, function asked for %s", d, asked.TriggerSource)
		}
		code := b.code(to)
		if m, _ := b.outbox.Last(to); m.Kind != message.VerifyUserAttribute {
			t.Errorf("the message is a %s", m.Kind)
		}
		refused(t, a.verify(access, attribute, notCode(code)), userpool.ErrCodeMismatch, codeIsWrong)
		other := map[string]string{"email": "phone_number", "phone_number": "email"}[attribute]
		if err := a.verify(access, other, code); err == nil {
			t.Errorf("the code of %s verified %s", attribute, other)
		}
		check(t, a.verify(access, attribute, code))
		if valueOf(a.profile("ada").UserAttributes, attribute+"_verified") != "true" {
			t.Errorf("%s is not verified", attribute)
		}
		refused(t, a.verify(access, attribute, code), userpool.ErrExpiredCode, codeIsOver)
	}
	_, err := a.askCode(access, "nickname")
	refused(t, err, userpool.ErrInvalidParameter, "Only email and phone_number can be verified.")
	refused(t, a.verify(access, "nickname", "123456"), userpool.ErrInvalidParameter, "Only email and phone_number can be verified.")
	_, err = a.askCode(access, "email_verified")
	refused(t, err, userpool.ErrInvalidParameter, "")
	a.user("mute")
	_, err = a.askCode(a.signIn("mute").AccessToken, "email")
	refused(t, err, userpool.ErrInvalidParameter, "User has no email to verify.")
}

// AUTH-446, ATTR-055, QUO-010, QUO-011: five codes and fifteen tries an hour; a code lives a day.
func TestVerifyAttributeLimits(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *userpool.Config) { c.Limits.WrongCodes = -1 })
	a := b.app(func(in *userpool.CreateUserPoolClientInput) {
		in.AccessTokenValidity, in.TokenValidityUnits = new(int32(1)), &userpool.TokenValidityUnitsType{AccessToken: userpool.TimeUnitsTypeDays}
	})
	a.user("ada", "email", "ada@example.com")
	tokens := a.signIn("ada")
	access := tokens.AccessToken
	for range 5 {
		_, err := a.askCode(access, "email")
		check(t, err)
	}
	_, err := a.askCode(access, "email")
	refused(t, err, userpool.ErrLimitExceeded, tooOften)
	b.clock.Advance(time.Hour)
	_, err = a.askCode(access, "email")
	check(t, err)
	code := b.code("ada@example.com")
	for range 15 {
		refused(t, a.verify(access, "email", notCode(code)), userpool.ErrCodeMismatch, codeIsWrong)
	}
	refused(t, a.verify(access, "email", code), userpool.ErrLimitExceeded, tooOften)
	b.clock.Advance(23 * time.Hour)
	fresh, err := a.refresh(tokens.RefreshToken)
	check(t, err)
	b.clock.Advance(time.Hour)
	refused(t, a.verify(fresh.AccessToken, "email", code), userpool.ErrExpiredCode, codeIsOver)
}

// ATTR-053, AUTH-128: a new address waits; the code goes there, and until it is answered everything is as before.
func TestVerifyPending(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(emailAlias, func(in *userpool.CreateUserPoolInput) {
		in.UserAttributeUpdateSettings = &userpool.UserAttributeUpdateSettingsType{
			AttributesRequireVerificationBeforeUpdate: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
		}
	})
	a.user("ada", "email", "old@example.com")
	access := a.signIn("ada").AccessToken
	move := func(to string) {
		t.Helper()
		_, err := a.UpdateUserAttributes(t.Context(), &userpool.UpdateUserAttributesInput{AccessToken: access, UserAttributes: attributes("email", to)})
		check(t, err)
	}
	move("first@example.com")
	stale := b.code("first@example.com")
	move("new@example.com")
	if err := a.verify(access, "email", stale); err == nil {
		t.Error("the code of a former address verified the later one")
	}
	b.deliver()
	d, err := a.askCode(access, "email")
	check(t, err)
	if d.Destination != "n***@e***" {
		t.Errorf("the code went to %s", d.Destination)
	}
	p := a.profile("ada")
	if valueOf(p.UserAttributes, "email") != "old@example.com" || valueOf(p.UserAttributes, "email_verified") != "true" {
		t.Error("the address changed before it was verified")
	}
	a.signIn("old@example.com")
	check(t, a.verify(access, "email", b.code("new@example.com")))
	p = a.profile("new@example.com")
	if valueOf(p.UserAttributes, "email") != "new@example.com" || valueOf(p.UserAttributes, "email_verified") != "true" {
		t.Errorf("email %s, verified %s", valueOf(p.UserAttributes, "email"), valueOf(p.UserAttributes, "email_verified"))
	}
	a.signIn("new@example.com")
	if _, err := a.tryPassword("old@example.com", password); err == nil {
		t.Error("the former address signs in")
	}
}

// AUTH-060, ATTR-056: an alias that somebody else has verified is refused, and the code is as good as before.
func TestVerifyAliasConflict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(emailAlias, func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	a.user("ada")
	a.user("bob")
	a.setAttributes("ada", "email", "shared@example.com", "email_verified", "true")
	a.setAttributes("bob", "email", "shared@example.com")
	access := a.signIn("bob").AccessToken
	_, err := a.askCode(access, "email")
	check(t, err)
	code := b.code("shared@example.com")
	for range 2 {
		refused(t, a.verify(access, "email", code), userpool.ErrAliasExists, "An account with the email already exists.")
	}
	if a.profile("shared@example.com").Username != "ada" || valueOf(a.profile("bob").UserAttributes, "email_verified") == "true" {
		t.Error("a refused verification changed something")
	}
	a.setAttributes("ada", "email", "other@example.com")
	check(t, a.verify(access, "email", code))
}

// AUTH-127, C4: a code verifies the address that it was sent to, and no address that took its place.
func TestC4_CodeOfAFormerAddress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.app(func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	a.user("ada", "email", "mine@example.com")
	access := a.signIn("ada").AccessToken
	_, err := a.askCode(access, "email")
	check(t, err)
	code := b.code("mine@example.com")
	a.setAttributes("ada", "email", "victim@example.com")
	refused(t, a.verify(access, "email", code), userpool.ErrExpiredCode, codeIsOver)
	if v := valueOf(a.profile("ada").UserAttributes, "email_verified"); v == "true" {
		t.Error("an address was verified whose owner got no code")
	}
}

// The address changes while the function writes the message: the code goes to the one that is there when it is stored.
func TestC2_AddressChangesMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var a app
	changed := false
	arn := on(b, "message", func(_ context.Context, e trigger.CustomMessageEvent) (trigger.CustomMessageEvent, error) {
		if e.TriggerSource == "CustomMessage_VerifyUserAttribute" && !changed {
			changed = true
			a.setAttributes("ada", "email", "new@example.com")
		}
		return e, nil
	})
	a = b.app(lambdas(userpool.LambdaConfigType{CustomMessage: arn}), func(in *userpool.CreateUserPoolInput) { in.AutoVerifiedAttributes = nil })
	a.user("ada", "email", "old@example.com")
	access := a.signIn("ada").AccessToken
	d, err := a.askCode(access, "email")
	check(t, err)
	if d.Destination != "n***@e***" {
		t.Errorf("the code went to %s", d.Destination)
	}
	check(t, a.verify(access, "email", b.code("new@example.com")))
	if _, sent := b.outbox.Last("old@example.com"); sent {
		t.Error("a code went to the former address")
	}
}
