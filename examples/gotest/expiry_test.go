package gotest

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenote-auth/cenote/cenotetest"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/userpool"
)

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cenotetest.Run(t)
		p := c.Pool(t, cenotetest.Pool{})
		ctx, name, password := t.Context(), "ada@example.com", "Correct-Horse-9"
		_, err := c.UserPools.SignUp(ctx, &userpool.SignUpInput{ClientId: p.ClientID, Username: name, Password: password})
		check(t, err)
		_, err = c.UserPools.AdminConfirmSignUp(ctx, &userpool.AdminConfirmSignUpInput{UserPoolId: p.ID, Username: name})
		check(t, err)
		tokens, err := c.SignIn(ctx, p, name, password)
		check(t, err)

		time.Sleep(61 * time.Minute) // takes no time
		_, err = c.UserPools.Verifier(p.ID, p.ClientID).Verify(ctx, tokens.Access)
		if !errors.Is(err, token.ErrExpired) {
			t.Fatalf("an hour later: %v", err)
		}
	})
}
