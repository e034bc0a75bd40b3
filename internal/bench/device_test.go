package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store/memory"
	"github.com/cenote-auth/cenote/userpool"
)

// remembered is a device that can prove itself.
type remembered struct{ key, group, password string }

// deviceWorld is a pool that remembers devices, with users who have one each.
func deviceWorld(ctx context.Context) (*world, []remembered, error) {
	w, err := newWorld(ctx, memory.New(memory.Config{}))
	if err != nil {
		return nil, nil, err
	}
	_, err = w.users.UpdateUserPool(ctx, &userpool.UpdateUserPoolInput{
		UserPoolId: w.pool, DeviceConfiguration: &userpool.DeviceConfigurationType{ChallengeRequiredOnNewDevice: true},
	})
	if err != nil {
		return nil, nil, err
	}
	if err := w.addUsers(ctx, signInUsers); err != nil {
		return nil, nil, err
	}
	var out []remembered
	for i := range signInUsers {
		d, err := w.confirmDevice(ctx, i)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, d)
	}
	return w, out, nil
}

func (w *world) confirmDevice(ctx context.Context, i int) (remembered, error) {
	a, err := w.users.InitiateAuth(ctx, &userpool.InitiateAuthInput{
		ClientId: w.clientID, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": userName(i), "PASSWORD": password},
	})
	if err != nil {
		return remembered{}, err
	}
	told := a.AuthenticationResult.NewDeviceMetadata
	secret, err := srp.NewDeviceSecret(nil, told.DeviceGroupKey, told.DeviceKey)
	if err != nil {
		return remembered{}, err
	}
	_, err = w.users.ConfirmDevice(ctx, &userpool.ConfirmDeviceInput{
		AccessToken: a.AuthenticationResult.AccessToken, DeviceKey: told.DeviceKey,
		DeviceSecretVerifierConfig: &userpool.DeviceSecretVerifierConfigType{PasswordVerifier: secret.PasswordVerifier, Salt: secret.Salt},
	})
	return remembered{told.DeviceKey, told.DeviceGroupKey, secret.Password}, err
}

// device is the two challenges of a remembered device, from the answered password to tokens. The password before and the client's
// arithmetic are left out.
func (w *world) device(ctx context.Context, c clock, devices []remembered) work {
	return func(n int) (time.Duration, error) {
		logins, bodies, answers := make([]*srp.DeviceLogin, n), make([][]byte, n), make([][]byte, n)
		for i := range n {
			name, d := userName(i%signInUsers), devices[i%signInUsers]
			begun, err := w.users.InitiateAuth(ctx, &userpool.InitiateAuthInput{
				ClientId: w.clientID, AuthFlow: userpool.AuthFlowTypeUserPasswordAuth,
				AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password, "DEVICE_KEY": d.key},
			})
			if err != nil {
				return 0, err
			}
			if logins[i], err = srp.NewDeviceLogin(d.group, d.key, name, d.password); err != nil {
				return 0, err
			}
			bodies[i] = encode(object{
				"ClientId": w.clientID, "ChallengeName": "DEVICE_SRP_AUTH", "Session": begun.Session, "ChallengeResponses": logins[i].Params(),
			})
		}
		step := func() (time.Duration, error) {
			began := c()
			for i, body := range bodies {
				var err error
				if answers[i], err = w.users.Invoke(ctx, "RespondToAuthChallenge", body); err != nil {
					return 0, err
				}
			}
			return c() - began, nil
		}
		first, err := step()
		if err != nil {
			return 0, fmt.Errorf("DEVICE_SRP_AUTH: %w", err)
		}
		for i := range n {
			var a answer
			if err := json.Unmarshal(answers[i], &a); err != nil {
				return 0, err
			}
			responses, err := logins[i].Respond(a.ChallengeParameters, time.Now())
			if err != nil {
				return 0, err
			}
			bodies[i] = encode(object{"ClientId": w.clientID, "ChallengeName": "DEVICE_PASSWORD_VERIFIER", "ChallengeResponses": responses})
		}
		second, err := step()
		return first + second, err
	}
}
