package token_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/token"
)

func TestVerifyBy(t *testing.T) {
	t.Parallel()
	access := issueAccess(t, accessClaims())
	errNobody := errors.New("nobody verifies this")
	late := func(cfg *token.VerifierConfig) { cfg.Now = func() time.Time { return base().Expires } }
	forged := access[:len(access)-4] + "AAAA"
	tests := []struct {
		name   string
		raw    string
		change func(*token.VerifierConfig)
		choice error
		asked  bool  // choose is called
		want   error // nil: accepted
	}{
		{name: "the chosen one accepts", raw: access, asked: true},
		{name: "the chosen one refuses", raw: access, change: late, asked: true, want: token.ErrExpired},
		{name: "another issuer's verifier", raw: access, change: func(cfg *token.VerifierConfig) { cfg.Issuer += "/" }, asked: true, want: token.ErrIssuer},
		{name: "nobody is chosen", raw: access, choice: errNobody, asked: true, want: errNobody},
		{name: "a forged signature", raw: forged, asked: true, want: token.ErrSignature},
		{name: "garbage", raw: "x.y.z", want: token.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked bool
			c, err := token.VerifyBy(t.Context(), tt.raw, func(unverified *token.Claims) (*token.Verifier, error) {
				if asked = true; unverified.Issuer != issuer || unverified.ClientID != clientID {
					t.Errorf("choose gets %+v", unverified)
				}
				return newVerifier(t, tt.change), tt.choice
			})
			if !errors.Is(err, tt.want) || (c == nil) != (err != nil) || asked != tt.asked {
				t.Errorf("%v, %v, asked: %v; want %v, asked: %v", c, err, asked, tt.want, tt.asked)
			}
		})
	}
}

func TestRecheck(t *testing.T) {
	t.Parallel()
	c, err := newVerifier(t, nil).Verify(t.Context(), issueAccess(t, accessClaims()))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*token.VerifierConfig)
		want   error
	}{
		{"as it was", nil, nil},
		{"later", func(cfg *token.VerifierConfig) { cfg.Now = func() time.Time { return base().Expires } }, token.ErrExpired},
		{"by another issuer's verifier", func(cfg *token.VerifierConfig) { cfg.Issuer += "/" }, token.ErrIssuer},
		{"for another use", func(cfg *token.VerifierConfig) { cfg.Use = token.ID }, token.ErrUse},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := newVerifier(t, tt.change).Recheck(c); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}
