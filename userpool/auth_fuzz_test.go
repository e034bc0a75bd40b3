package userpool_test

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/userpool"
)

// fuzzed is a service with somebody in it, and genuine tokens and sessions of his as a corpus.
type fuzzed struct {
	*userpool.Service
	client         string
	tokens         *userpool.AuthenticationResultType
	session, block string
}

func newFuzzed(f *testing.F) *fuzzed {
	f.Helper()
	must := func(err error) {
		if err != nil {
			f.Fatal(err)
		}
	}
	now := time.Date(2026, 1, 3, 4, 5, 6, 0, time.UTC)
	s, err := userpool.New(userpool.Config{
		SigningKeys: testkeys.Make, Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Limits: userpool.Limits{FreeAttempts: -1, UnknownRefreshTokens: -1},
	})
	must(err)
	ctx := f.Context()
	pool, err := s.CreateUserPool(ctx, &userpool.CreateUserPoolInput{PoolName: "p"})
	must(err)
	client, err := s.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{
		UserPoolId: pool.UserPool.Id, ClientName: "c", ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth, userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth,
			userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	must(err)
	z := &fuzzed{Service: s, client: client.UserPoolClient.ClientId}
	for _, name := range []string{"ada", "new"} {
		_, err = s.AdminCreateUser(ctx, &userpool.AdminCreateUserInput{
			UserPoolId: pool.UserPool.Id, Username: name, TemporaryPassword: password, MessageAction: userpool.MessageActionTypeSuppress,
		})
		must(err)
	}
	_, err = s.AdminSetUserPassword(ctx, &userpool.AdminSetUserPasswordInput{
		UserPoolId: pool.UserPool.Id, Username: "ada", Password: password, Permanent: true,
	})
	must(err)
	begin := func(flow userpool.AuthFlowType, pairs ...string) *userpool.InitiateAuthOutput {
		out, err := s.InitiateAuth(ctx, &userpool.InitiateAuthInput{ClientId: z.client, AuthFlow: flow, AuthParameters: asMap(pairs)})
		must(err)
		return out
	}
	z.tokens = begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", "ada", "PASSWORD", password).AuthenticationResult
	z.session = begin(userpool.AuthFlowTypeUserPasswordAuth, "USERNAME", "new", "PASSWORD", password).Session
	z.block = begin(userpool.AuthFlowTypeUserSrpAuth, "USERNAME", "ada", "SRP_A", "abcdef").ChallengeParameters["SECRET_BLOCK"]
	return z
}

// refusedCalmly fails the test unless foreign bytes were refused as a caller's mistake: they break nothing and let nobody in.
func refusedCalmly(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, userpool.ErrNotAuthorized) && !errors.Is(err, userpool.ErrInvalidParameter) && !errors.Is(err, awsapi.ErrSerialization) {
		t.Errorf("got %v", err)
	}
}

// FuzzSession answers a challenge with texts that are no session.
func FuzzSession(f *testing.F) {
	z := newFuzzed(f)
	f.Add(z.session[:len(z.session)-1], "x")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAA", password)
	f.Fuzz(func(t *testing.T, session, secret string) {
		if session == z.session {
			return
		}
		_, err := z.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
			ClientId: z.client, ChallengeName: newPassword, Session: session,
			ChallengeResponses: map[string]string{"USERNAME": "new", "NEW_PASSWORD": secret},
		})
		refusedCalmly(t, err)
	})
}

// FuzzSecretBlock answers PASSWORD_VERIFIER with claims that prove nothing.
func FuzzSecretBlock(f *testing.F) {
	z := newFuzzed(f)
	f.Add(z.block[:len(z.block)-4], "AAAA", "Sat Jan 3 04:05:06 UTC 2026")
	f.Add("AAAA", z.block, "Sat Jan 03 04:05:06 UTC 2026")
	f.Fuzz(func(t *testing.T, block, signature, stamp string) {
		if block == z.block { // package srp fuzzes claims; here it would only be slow
			return
		}
		_, err := z.RespondToAuthChallenge(t.Context(), &userpool.RespondToAuthChallengeInput{
			ClientId: z.client, ChallengeName: userpool.ChallengeNameTypePasswordVerifier,
			ChallengeResponses: map[string]string{
				"USERNAME": "ada", "PASSWORD_CLAIM_SECRET_BLOCK": block, "PASSWORD_CLAIM_SIGNATURE": signature, "TIMESTAMP": stamp,
			},
		})
		refusedCalmly(t, err)
	})
}

// FuzzTokens shows access and refresh tokens that were never issued.
func FuzzTokens(f *testing.F) {
	z := newFuzzed(f)
	f.Add(z.tokens.IdToken)
	f.Add(z.tokens.AccessToken[:len(z.tokens.AccessToken)-1])
	f.Add(z.tokens.RefreshToken[:len(z.tokens.RefreshToken)-1])
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if text == z.tokens.AccessToken || text == z.tokens.RefreshToken {
			return
		}
		_, err := z.GetUser(t.Context(), &userpool.GetUserInput{AccessToken: text})
		refusedCalmly(t, err)
		_, err = z.GetTokensFromRefreshToken(t.Context(), &userpool.GetTokensFromRefreshTokenInput{ClientId: z.client, RefreshToken: text})
		refusedCalmly(t, err)
	})
}
