package userpool

import (
	"context"
	"errors"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/srp"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/trigger"
)

// A remembered device proves itself in two challenges, DEVICE_SRP_AUTH and DEVICE_PASSWORD_VERIFIER. What was proven before them
// is in the session of the first, and from there in the secret block of the second: who only knows a device's secret has
// neither. Both are for one user, client and device, and together they are used once.

// deviceBlockPurpose keeps the secret blocks of devices apart from those of passwords.
const deviceBlockPurpose = "device srp"

// factorDevice begins what wrong answers of a device are counted under (C3).
const factorDevice = "device "

var errDeviceProof = errBadCredentials // AUTH-375 (unconfirmed text)

// askDevice asks the device that the sign-in claims to come from to prove itself, if that is one to be asked (AUTH-372). It is the
// last challenge of a sign-in: clients expect tokens after it. What a pool's functions noted is not needed any more.
func (s *Service) askDevice(ctx context.Context, in *signIn, next *userRecord) (q *ask, err error) {
	if in.Device != "" {
		return nil, nil
	}
	in.claim, _, err = s.knownDevice(ctx, s.store.Read, in.pool, next, in.Claimed)
	if err != nil || in.claim != deviceRemembered {
		return nil, err
	}
	q = &ask{name: ChallengeNameTypeDeviceSrpAuth, params: map[string]string{"DEVICE_KEY": in.Claimed, "USERNAME": next.name()}}
	if in.Custom != nil {
		q.custom = &customState{}
	}
	return q, nil
}

// answerDeviceSRP takes the device's SRP_A and answers salt, B and the secret block (AUTH-373). It writes nothing.
func (s *Service) answerDeviceSRP(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	a, err := parsePublicKey(in.responses["SRP_A"])
	if err != nil {
		return authAnswer{}, err
	}
	v, err := s.deviceSession(ctx, in, sc)
	if err != nil {
		return authAnswer{}, err
	}
	if in.responses["DEVICE_KEY"] != v.Claimed {
		return authAnswer{}, errDeviceNotFound
	}
	tries := factors.Of(sc.pool.id()).Find(sc.user.Sub, factorDevice+v.Claimed)
	before := used.Of(sc.pool.id()).Find(v.useKey())
	get := func(ctx context.Context, gets ...store.Getter) error {
		return s.store.Read(ctx, append(gets, tries, before)...)
	}
	d, err := s.rememberedDevice(ctx, get, sc.pool, sc.user, v.Claimed)
	switch {
	case err != nil:
		return authAnswer{}, err
	case before.Got != nil:
		return authAnswer{}, errSessionUsed
	case tries.Got != nil && s.store.Now().Before(s.cfg.limits.factorLockedUntil(tries.Got.Attempts)):
		return authAnswer{}, errFactorLocked
	}
	verifier, err := s.deviceVerifier(ctx, sc.pool, d)
	if err != nil {
		return authAnswer{}, err
	}
	var c *srp.Challenge
	var b srp.Public
	err = s.expensive(ctx, sc.pool.id(), costChallenge, func() (err error) {
		c, b, err = srp.NewChallenge(s.rand, a, verifier)
		return err
	})
	if err != nil {
		return authAnswer{}, err
	}
	v.Step = ChallengeNameTypeDevicePasswordVerifier // the rest stays: ended and used up is the session
	block, err := s.sealBlock(ctx, deviceBlockPurpose, v, c)
	if err != nil {
		return authAnswer{}, err
	}
	return authAnswer{
		challenge: v.Step, params: srp.DeviceChallengeParams(sc.user.name(), d.Key, d.Salt, b, block),
	}, nil
}

// deviceSession opens the session of a DEVICE_SRP_AUTH. A client that skips it sends the one before, which led to it and is used
// up: amazon-cognito-identity-js does so after an MFA code. It had to be good to get here, and stands for the one it led to.
func (s *Service) deviceSession(ctx context.Context, in authAnswerInput, sc scope) (session, error) {
	v, err := s.openSession(ctx, sc, in.session)
	if errors.Is(err, errSessionExpired) || err == nil && v.Step != in.challenge {
		led := used.Of(sc.pool.id()).Find(v.useKey())
		if err := s.store.Read(ctx, led); err != nil {
			return v, err
		}
		if led.Got != nil && led.Got.Then != "" {
			v, err = s.openSession(ctx, sc, led.Got.Then)
		}
	}
	if err != nil {
		return v, err
	}
	if !v.fits(sc, in.challenge, in.signed, s.vault.Epoch()) {
		return v, firstError(s.refuseUsed(ctx, sc.pool, v.useOf()), errSessionInvalid)
	}
	return v, s.mayGoOn(signIn{scope: sc, progress: v.progress})
}

func (s *Service) deviceVerifier(ctx context.Context, p *poolRecord, d *deviceRecord) ([]byte, error) {
	crypt, err := s.crypt(ctx, p)
	if err != nil {
		return nil, err
	}
	return crypt.open(fieldDevice, d.place(), d.Sealed)
}

// answerDeviceVerifier checks the claim of DEVICE_PASSWORD_VERIFIER (AUTH-374). Whatever does not fit is the same error. A
// Session beside the block changes nothing (AUTH-163).
func (s *Service) answerDeviceVerifier(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	claim, err := srp.ParseClaim(in.responses["PASSWORD_CLAIM_SECRET_BLOCK"], in.responses["PASSWORD_CLAIM_SIGNATURE"], in.responses["TIMESTAMP"])
	if err != nil {
		return authAnswer{}, ErrInvalidParameter.New("Invalid DEVICE_PASSWORD_VERIFIER response").With(err) // AUTH-192 (unconfirmed text)
	}
	block, c, err := s.openBlock(ctx, deviceBlockPurpose, sc, claim)
	if err != nil {
		return authAnswer{}, err
	}
	now, v := s.store.Now(), block.Session
	if now.Unix() >= v.Ends || !claim.Within(now, srpClockSkew) || in.responses["DEVICE_KEY"] != v.Claimed ||
		!v.fits(sc, in.challenge, in.signed, s.vault.Epoch()) {
		return authAnswer{}, errDeviceProof
	}
	si := signIn{scope: sc, progress: v.progress, about: in.about, metadata: in.metadata, answered: in.challenge}
	if err := s.mayGoOn(si); err != nil {
		return authAnswer{}, err
	}
	si, h, err := s.proveFactor(ctx, si, v, factorDevice+v.Claimed, func(now signIn) (*awsapi.Error, error) {
		d, err := s.rememberedDevice(ctx, s.store.Read, now.pool, now.user, v.Claimed)
		if err != nil {
			return nil, err
		}
		verifier, err := s.deviceVerifier(ctx, now.pool, d)
		if err != nil {
			return nil, err
		}
		crypt, err := s.crypt(ctx, now.pool)
		if err != nil {
			return nil, err
		}
		var ok bool
		err = s.expensive(ctx, now.pool.id(), costClaim, func() (err error) {
			ok, err = c.Verify(verifier, srp.Device(crypt.deviceGroupKey(), d.Key), claim)
			return err
		})
		if err != nil || ok {
			return nil, err
		}
		return errDeviceProof, nil
	})
	if errors.Is(err, errSessionUsed) {
		err = errDeviceProof
	}
	if err != nil {
		return authAnswer{}, err
	}
	si.Device, si.Source = v.Claimed, trigger.TokenGenerationAuthenticateDevice // AUTH-376, TRG-145
	return s.advance(ctx, si, step{once: &once{id: v.ID, ends: v.Ends, again: errDeviceProof}, hold: h})
}
