package bench_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/userpool"
)

// mfaUsers is how many sign-ins are begun at a time: so many that what is cold after the beginnings does not count.
const mfaUsers = 256

// tokensLength is how long the three tokens of a sign-in are in bytes.
const tokensLength = 2700

// mfaRows measures the requests that answer a second factor and get tokens. Two signatures and the envelope of the refresh token are
// taken off, and that the answer is as long as three tokens are: what these cost in between requests, where the processor's caches
// are cold, shows a handler that makes them and nothing else. Beginning a sign-in is left out.
func mfaRows(ctx context.Context, o options) ([]row, error) {
	o.block *= 8 // a block is some mfaUsers answers
	sign, err := floorSignatures(process, 2)
	if err != nil {
		return nil, err
	}
	envelope, err := floorEnvelope(process)
	if err != nil {
		return nil, err
	}
	empty := func(answer []byte, do func()) (*peer, error) {
		return serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			do()
			w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
			_, _ = w.Write(answer)
		}))
	}
	floor, err := empty([]byte("{}"), func() {})
	if err != nil {
		return nil, err
	}
	defer floor.close()
	signing, err := empty(bytes.Repeat([]byte("x"), tokensLength), func() { _, _ = sum(sign, envelope)(1) })
	if err != nil {
		return nil, err
	}
	defer signing.close()
	var rows []row
	for _, m := range []struct {
		what string
		sms  bool
	}{{"TOTP answer", false}, {"SMS code answer", true}} {
		c, err := compareAnswers(ctx, o, m.sms, signing, floor)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.what, err)
		}
		rows = append(rows, times(m.what, c, 4))
	}
	return rows, nil
}

// compareAnswers compares the answers of one factor in a world of its own, which is gone afterwards.
func compareAnswers(ctx context.Context, o options, sms bool, signing, floor *peer) (comparison, error) {
	w, err := newMFAWorld(ctx, sms)
	if err != nil {
		return comparison{}, err
	}
	service, err := w.handler()
	if err != nil {
		return comparison{}, err
	}
	ours, err := serve(ctx, service)
	if err != nil {
		return comparison{}, err
	}
	defer ours.close()
	same, err := w.answers(ctx, mfaUsers)
	if err != nil {
		return comparison{}, err
	}
	return compareBeside(o, w.answering(ctx, ours), signing.asking(ctx, same), floor.asking(ctx, same))
}

// mfaWorld is a world whose users all have a second factor. Its clock moves on, since a code of a token is good once.
type mfaWorld struct {
	*world
	sms     bool
	now     atomic.Int64 // Unix seconds
	outbox  *message.Outbox
	secrets []string
}

func newMFAWorld(ctx context.Context, sms bool) (*mfaWorld, error) {
	w := &mfaWorld{sms: sms, outbox: &message.Outbox{}}
	w.now.Store(time.Now().Unix())
	var err error
	w.world, err = newWorld(ctx, memory.New(memory.Config{}), func(c *userpool.Config) {
		c.SMS, c.Now = w.outbox, w.clock
		c.Limits.MessagesPerDestination = -1
	})
	if err != nil {
		return nil, err
	}
	if err := w.addUsers(ctx, mfaUsers); err != nil {
		return nil, err
	}
	factors := &userpool.SetUserPoolMfaConfigInput{
		UserPoolId: w.pool, SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMfaConfigType{Enabled: true},
	}
	if _, err := w.users.SetUserPoolMfaConfig(ctx, factors); err != nil {
		return nil, err
	}
	for i := range mfaUsers {
		if err := w.equip(ctx, i); err != nil {
			return nil, err
		}
	}
	factors.MfaConfiguration = userpool.UserPoolMfaTypeOn
	if sms {
		factors.SmsMfaConfiguration = &userpool.SmsMfaConfigType{SmsConfiguration: &userpool.SmsConfigurationType{
			SnsCallerArn: "arn:aws:iam::123456789012:role/sns",
		}}
	}
	_, err = w.users.SetUserPoolMfaConfig(ctx, factors)
	return w, err
}

func (w *mfaWorld) clock() time.Time { return time.Unix(w.now.Load(), 0) }

func userPhone(i int) string { return fmt.Sprintf("+1555%07d", i) }

// equip gives a user a number, or a token.
func (w *mfaWorld) equip(ctx context.Context, i int) error {
	if w.sms {
		_, err := w.users.AdminUpdateUserAttributes(ctx, &userpool.AdminUpdateUserAttributesInput{
			UserPoolId: w.pool, Username: userName(i), UserAttributes: []userpool.AttributeType{
				{Name: "phone_number", Value: userPhone(i)}, {Name: "phone_number_verified", Value: "true"},
			},
		})
		return err
	}
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

// answers begins sign-ins of the first n users and returns the requests that end them.
func (w *mfaWorld) answers(ctx context.Context, n int) ([]parsedRequest, error) {
	w.now.Add(60)
	sessions := make([]string, n)
	for i := range n {
		in, err := w.users.InitiateAuth(ctx, &userpool.InitiateAuthInput{
			ClientId: w.clientID, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
			AuthParameters: map[string]string{"USERNAME": userName(i), "PASSWORD": password},
		})
		if err != nil {
			return nil, err
		}
		sessions[i] = in.Session
	}
	if _, err := w.users.Deliver(ctx); err != nil {
		return nil, err
	}
	var raw [][]byte
	for i, session := range sessions {
		name, key := "SMS_MFA", "SMS_MFA_CODE"
		code := w.outbox.LastCode(userPhone(i))
		if !w.sms {
			name, key = "SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE"
			var err error
			if code, err = totp.GenerateCode(w.secrets[i], w.clock()); err != nil {
				return nil, err
			}
		}
		if code == "" {
			return nil, errors.New("no code was sent")
		}
		r, err := request(ctx, "RespondToAuthChallenge", encode(object{
			"ClientId": w.clientID, "ChallengeName": name, "Session": session, "ChallengeResponses": object{"USERNAME": userName(i), key: code},
		}), false)
		if err != nil {
			return nil, err
		}
		raw = append(raw, r)
	}
	w.outbox.Reset()
	return parseRequests(raw)
}

// answering sends answers, each of them once.
func (w *mfaWorld) answering(ctx context.Context, p *peer) work {
	return func(n int) (time.Duration, error) {
		var spent time.Duration
		for n > 0 {
			requests, err := w.answers(ctx, min(n, mfaUsers))
			if err != nil {
				return 0, err
			}
			runtime.GC() // of the garbage of beginnings
			d, err := p.asking(ctx, requests)(len(requests))
			if err != nil {
				return 0, err
			}
			spent += d
			n -= len(requests)
		}
		return spent, nil
	}
}
