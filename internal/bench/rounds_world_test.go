package bench_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/token"
	"github.com/cenote-auth/cenote/trigger"
	"github.com/cenote-auth/cenote/userpool"
)

// A roundKind is a challenge and how users come to it.
type roundKind struct {
	what      string
	challenge userpool.ChallengeNameType
	key       string                                         // of the answer in ChallengeResponses
	pool      func(ctx context.Context, w *roundWorld) error // settings, and what each user needs
	begin     func(ctx context.Context, w *roundWorld, i int) (session string, err error)
	answer    func(w *roundWorld, i int) (string, error)
	functions func(w *roundWorld) (work, error) // what an answer has called, by itself; nil is nothing
}

var roundKinds = []roundKind{
	{
		what: "TOTP answer, tokens", challenge: userpool.ChallengeNameTypeSoftwareTokenMfa, key: "SOFTWARE_TOKEN_MFA_CODE",
		pool: giveTokens, begin: beginByPassword,
		answer: func(w *roundWorld, i int) (string, error) { return totp.GenerateCode(w.secrets[i], w.clock()) },
	},
	{
		what: "SMS code answer, tokens", challenge: userpool.ChallengeNameTypeSmsMfa, key: "SMS_MFA_CODE",
		pool: giveNumbers, begin: beginByPassword,
		answer: func(w *roundWorld, i int) (string, error) { return w.outbox.LastCode(userPhone(i)), nil },
	},
	{
		what: "e-mail OTP answer, tokens", challenge: userpool.ChallengeNameTypeEmailOtp, key: "EMAIL_OTP_CODE",
		pool: allowCodes, begin: beginBy(userpool.AuthFlowTypeUserAuth, "PREFERRED_CHALLENGE", "EMAIL_OTP"),
		answer: func(w *roundWorld, i int) (string, error) { return w.outbox.LastCode(userEmail(i)), nil },
	},
	{
		what: "custom round, another challenge", challenge: userpool.ChallengeNameTypeCustomChallenge, key: "ANSWER",
		pool: ask(2), begin: beginBy(userpool.AuthFlowTypeCustomAuth),
		answer:    func(*roundWorld, int) (string, error) { return "swordfish", nil },
		functions: (*roundWorld).threeFunctions,
	},
	{
		what: "custom round, tokens", challenge: userpool.ChallengeNameTypeCustomChallenge, key: "ANSWER",
		pool: ask(1), begin: beginBy(userpool.AuthFlowTypeCustomAuth),
		answer:    func(*roundWorld, int) (string, error) { return "swordfish", nil },
		functions: (*roundWorld).twoFunctions,
	},
}

// roundWorld is a world whose users all come to one kind of challenge. Its clock moves on as it is told.
type roundWorld struct {
	*world
	kind      roundKind
	now       atomic.Int64 // Unix seconds
	outbox    *message.Outbox
	functions *trigger.Mux
	secrets   []string // of software tokens
	last      struct { // events that the functions got
		define trigger.DefineAuthChallengeEvent
		create trigger.CreateAuthChallengeEvent
		verify trigger.VerifyAuthChallengeResponseEvent
	}
}

func newRoundWorld(ctx context.Context, kind roundKind) (*roundWorld, error) {
	w := &roundWorld{kind: kind, outbox: &message.Outbox{}, functions: &trigger.Mux{}}
	w.now.Store(time.Now().Unix())
	signer := &freeSigner{}
	var err error
	w.world, err = newWorld(ctx, memory.New(memory.Config{}), func(c *userpool.Config) {
		c.SMS, c.Email, c.Now, c.Triggers, c.Signers = w.outbox, w.outbox, w.clock, w.functions, signer
		c.Limits.MessagesPerDestination = -1
	})
	if err != nil {
		return nil, err
	}
	client, err := w.users.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{
		UserPoolId: w.pool, ClientName: "rounds", ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth, userpool.ExplicitAuthFlowsTypeAllowCustomAuth,
			userpool.ExplicitAuthFlowsTypeAllowUserAuth, userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	if err != nil {
		return nil, err
	}
	w.clientID = client.UserPoolClient.ClientId
	if err := w.addUsers(ctx, roundUsers); err != nil {
		return nil, err
	}
	if err := kind.pool(ctx, w); err != nil {
		return nil, err
	}
	signer.free.Store(true)
	return w, nil
}

func (w *roundWorld) clock() time.Time { return time.Unix(w.now.Load(), 0) }

func userPhone(i int) string { return fmt.Sprintf("+1555%07d", i) }

// beginBy begins a flow with a user's name and further parameters.
func beginBy(flow userpool.AuthFlowType, pairs ...string) func(context.Context, *roundWorld, int) (string, error) {
	return func(ctx context.Context, w *roundWorld, i int) (string, error) {
		in := &userpool.InitiateAuthInput{ClientId: w.clientID, AuthFlow: flow, AuthParameters: map[string]string{"USERNAME": userName(i)}}
		for k := 0; k < len(pairs); k += 2 {
			in.AuthParameters[pairs[k]] = pairs[k+1]
		}
		out, err := w.users.InitiateAuth(ctx, in)
		if err != nil {
			return "", err
		}
		if out.ChallengeName != w.kind.challenge {
			return "", fmt.Errorf("%s is asked for %q", userName(i), out.ChallengeName)
		}
		return out.Session, nil
	}
}

func beginByPassword(ctx context.Context, w *roundWorld, i int) (string, error) {
	return beginBy(userpool.AuthFlowTypeUserPasswordAuth, "PASSWORD", password)(ctx, w, i)
}

// giveTokens gives every user a software token and demands it.
func giveTokens(ctx context.Context, w *roundWorld) error {
	factors := &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: w.pool, SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMfaConfigType{Enabled: true},
	}
	if _, err := w.users.SetUserPoolMfaConfig(ctx, factors); err != nil {
		return err
	}
	for i := range roundUsers {
		if err := w.giveToken(ctx, i); err != nil {
			return err
		}
	}
	factors.MfaConfiguration = userpool.UserPoolMfaTypeOn
	_, err := w.users.SetUserPoolMfaConfig(ctx, factors)
	return err
}

func (w *roundWorld) giveToken(ctx context.Context, i int) error {
	in, err := w.call(ctx, "InitiateAuth", w.passwordBody(i))
	if err != nil {
		return err
	}
	access := in.AuthenticationResult.AccessToken
	made, err := w.users.AssociateSoftwareToken(ctx, &userpool.AssociateSoftwareTokenInput{AccessToken: access})
	if err != nil {
		return err
	}
	w.secrets = append(w.secrets, made.SecretCode)
	code, err := totp.GenerateCode(made.SecretCode, w.clock())
	if err != nil {
		return err
	}
	_, err = w.users.VerifySoftwareToken(ctx, &userpool.VerifySoftwareTokenInput{AccessToken: access, UserCode: code})
	return err
}

// giveNumbers gives every user a telephone number and demands codes sent to it.
func giveNumbers(ctx context.Context, w *roundWorld) error {
	for i := range roundUsers {
		_, err := w.users.AdminUpdateUserAttributes(ctx, &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: w.pool, Username: userName(i), UserAttributes: []userpool.AttributeType{
				{Name: "phone_number", Value: userPhone(i)}, {Name: "phone_number_verified", Value: "true"},
			},
		})
		if err != nil {
			return err
		}
	}
	_, err := w.users.SetUserPoolMfaConfig(ctx, &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: w.pool, MfaConfiguration: userpool.UserPoolMfaTypeOn,
		SmsMfaConfiguration: &userpool.SmsMfaConfigType{SmsConfiguration: &userpool.SmsConfigurationType{
			SnsCallerArn: "arn:aws:iam::123456789012:role/sns",
		}},
	})
	return err
}

// allowCodes lets sign-ins begin with a code by e-mail.
func allowCodes(ctx context.Context, w *roundWorld) error {
	for i := range roundUsers {
		_, err := w.users.AdminUpdateUserAttributes(ctx, &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: w.pool, Username: userName(i), UserAttributes: []userpool.AttributeType{{Name: "email_verified", Value: "true"}},
		})
		if err != nil {
			return err
		}
	}
	_, err := w.users.UpdateUserPool(ctx, &userpool.UpdateUserPoolInput{
		UserPoolId: w.pool, Policies: &userpool.UserPoolPolicyType{SignInPolicy: &userpool.SignInPolicyType{
			AllowedFirstAuthFactors: []userpool.AuthFactorType{userpool.AuthFactorTypePassword, userpool.AuthFactorTypeEmailOtp},
		}},
	})
	return err
}

// ask has functions of this process ask a number of questions before there are tokens.
func ask(rounds int) func(context.Context, *roundWorld) error {
	return func(ctx context.Context, w *roundWorld) error {
		w.functions.Handle("define", trigger.Func(func(_ context.Context, e trigger.DefineAuthChallengeEvent) (trigger.DefineAuthChallengeEvent, error) {
			w.last.define = e
			if len(e.Request.Session) < rounds {
				e.Response.ChallengeName = new("CUSTOM_CHALLENGE")
			} else {
				e.Response.IssueTokens = new(true)
			}
			return e, nil
		}))
		w.functions.Handle("create", trigger.Func(func(_ context.Context, e trigger.CreateAuthChallengeEvent) (trigger.CreateAuthChallengeEvent, error) {
			w.last.create = e
			e.Response.PublicChallengeParameters = map[string]string{"question": "What is the password?"}
			e.Response.PrivateChallengeParameters = map[string]string{"answer": "swordfish"}
			return e, nil
		}))
		w.functions.Handle("verify", trigger.Func(func(_ context.Context, e trigger.VerifyAuthChallengeResponseEvent) (trigger.VerifyAuthChallengeResponseEvent, error) {
			w.last.verify = e
			e.Response.AnswerCorrect = new(e.Request.ChallengeAnswer == e.Request.PrivateChallengeParameters["answer"])
			return e, nil
		}))
		_, err := w.users.UpdateUserPool(ctx, &userpool.UpdateUserPoolInput{UserPoolId: w.pool, LambdaConfig: &userpool.LambdaConfigType{
			DefineAuthChallenge: trigger.ARN("define"), CreateAuthChallenge: trigger.ARN("create"), VerifyAuthChallengeResponse: trigger.ARN("verify"),
		}})
		return err
	}
}

// twoFunctions is the calls of an answer that ends a sign-in: is it right, and what comes next?
func (w *roundWorld) twoFunctions() (work, error) {
	r, err := trigger.NewRunner(trigger.RunnerConfig{Functions: w.functions})
	if err != nil {
		return nil, err
	}
	ctx, define, verify := context.Background(), w.last.define, w.last.verify
	return on(process, func(int) error {
		_, err := trigger.Run(ctx, r, trigger.ARN("verify"), verify)
		if err == nil {
			_, err = trigger.Run(ctx, r, trigger.ARN("define"), define)
		}
		return err
	}), nil
}

// threeFunctions is twoFunctions and the question that is asked then.
func (w *roundWorld) threeFunctions() (work, error) {
	r, err := trigger.NewRunner(trigger.RunnerConfig{Functions: w.functions})
	if err != nil {
		return nil, err
	}
	two, err := w.twoFunctions()
	if err != nil {
		return nil, err
	}
	create := w.last.create
	return sum(two, on(process, func(int) error {
		_, err := trigger.Run(context.Background(), r, trigger.ARN("create"), create)
		return err
	})), nil
}

// freeSigner keeps the keys of tokens. Its signatures are real until it is free: then they are zeros, and cost nothing.
type freeSigner struct {
	free atomic.Bool
	keys sync.Map // pool and kid → *rsa.PrivateKey
}

func (f *freeSigner) NewSigner(ctx context.Context, poolID string, use token.Use) (token.SigningKey, error) {
	kid, key, err := testkeys.Make(ctx, poolID, use)
	f.keys.Store(poolID+kid, key)
	return token.SigningKey{ID: kid, Signer: freeKey{f, key}}, err
}

func (f *freeSigner) Signer(_ context.Context, poolID, kid string) (crypto.Signer, error) {
	key, ok := f.keys.Load(poolID + kid)
	if !ok {
		return nil, errors.New("no such key")
	}
	return freeKey{f, key.(*rsa.PrivateKey)}, nil
}

type freeKey struct {
	signer *freeSigner
	*rsa.PrivateKey
}

func (k freeKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if k.signer.free.Load() {
		return make([]byte, k.Size()), nil
	}
	return k.PrivateKey.Sign(random, digest, o)
}
