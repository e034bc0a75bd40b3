package cenotetest

import (
	"context"
	"fmt"
	"os"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/userpool"
)

// Pool says what pool Cenote.Pool makes, and is what it returns. The zero value is a pool whose users sign in by e-mail, with
// one public client that allows passwords, SRP and refresh.
type Pool struct {
	ID       string // "" is a new one
	ClientID string // "" is a new one
	Secret   bool   // give the client a secret

	Settings func(*userpool.CreateUserPoolInput)       // changes what is asked of CreateUserPool; nil changes nothing
	Client   func(*userpool.CreateUserPoolClientInput) // likewise

	ClientSecret string // of the client, once it is made
}

// Pool makes a pool with a client. Settings that are refused end the test.
func (c *Cenote) Pool(t TB, p Pool) Pool {
	t.Helper()
	ctx := context.Background()
	in := &userpool.CreateUserPoolInput{
		PoolName:               "test",
		UsernameAttributes:     []userpool.UsernameAttributeType{userpool.UsernameAttributeTypeEmail},
		AutoVerifiedAttributes: []userpool.VerifiedAttributeType{userpool.VerifiedAttributeTypeEmail},
		UsernameConfiguration:  &userpool.UsernameConfigurationType{CaseSensitive: false},
	}
	if p.Settings != nil {
		p.Settings(in)
	}
	if p.ID != "" {
		in.UserPoolTags = withTag(in.UserPoolTags, "_custom_id_", p.ID)
	}
	pool, err := c.UserPools.CreateUserPool(ctx, in)
	if err != nil {
		t.Fatalf("cenotetest: make a pool: %v", err)
	}
	p.ID = pool.UserPool.Id
	client := &userpool.CreateUserPoolClientInput{
		UserPoolId: p.ID, ClientName: "test", GenerateSecret: p.Secret,
		ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth, userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth,
			userpool.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth, userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	}
	if p.Client != nil {
		p.Client(client)
	}
	if p.ClientID != "" {
		client.ClientName = "_custom_id_:" + p.ClientID
	}
	made, err := c.UserPools.CreateUserPoolClient(ctx, client)
	if err != nil {
		t.Fatalf("cenotetest: make a client: %v", err)
	}
	p.ClientID, p.ClientSecret = made.UserPoolClient.ClientId, made.UserPoolClient.ClientSecret
	return p
}

func withTag(tags map[string]string, key, value string) map[string]string {
	out := map[string]string{key: value}
	for k, v := range tags {
		out[k] = v
	}
	return out
}

// Tokens is what a sign-in gives.
type Tokens struct{ Access, ID, Refresh string }

// SignIn signs a user in by SRP, for tests that are about something else. A challenge after the password is an error that
// names it.
func (c *Cenote) SignIn(ctx context.Context, p Pool, name, password string) (Tokens, error) {
	var options []srp.Option
	if p.ClientSecret != "" {
		options = append(options, srp.WithClientSecret(p.ClientID, p.ClientSecret))
	}
	login, err := srp.NewLogin(p.ID, name, password, options...)
	if err != nil {
		return Tokens{}, err
	}
	begin, err := c.UserPools.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: p.ClientID, AuthFlow: userpool.AuthFlowTypeUserSrpAuth, AuthParameters: login.Params(),
	})
	if err != nil {
		return Tokens{}, err
	}
	answers, err := login.Respond(begin.ChallengeParameters, c.Now())
	if err != nil {
		return Tokens{}, err
	}
	end, err := c.UserPools.RespondToAuthChallenge(ctx, &userpool.RespondToAuthChallengeInput{
		ClientId: p.ClientID, ChallengeName: begin.ChallengeName, Session: begin.Session, ChallengeResponses: answers,
	})
	if err != nil {
		return Tokens{}, err
	}
	r := end.AuthenticationResult
	if r == nil {
		return Tokens{}, fmt.Errorf("cenotetest: the sign-in goes on with %s", end.ChallengeName)
	}
	return Tokens{r.AccessToken, r.IdToken, r.RefreshToken}, nil
}

// Load imports a fixture file: pools with clients, groups and users, in the format of userpool.Service.Import.
func (c *Cenote) Load(t TB, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("cenotetest: %v", err)
	}
	defer f.Close()
	if err := c.UserPools.Import(context.Background(), f); err != nil {
		t.Fatalf("cenotetest: %s: %v", file, err)
	}
}
