package userpool

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/srp"
)

// secretBlock is the server's state of an SRP exchange, which travels with the client as SECRET_BLOCK, sealed under a
// short-lived key (H1, AUTH-188): a start writes nothing.
type secretBlock struct {
	Session   session `json:"s"`
	Challenge []byte  `json:"c"`
}

// passwordBlockPurpose is what secret blocks of passwords are sealed for.
const passwordBlockPurpose = "srp"

// srpClockSkew is how far the client's TIMESTAMP may be off (AUTH-190, unconfirmed).
const srpClockSkew = 5 * time.Minute

// beginSRP is USER_SRP_AUTH: it answers salt, B and the secret block (AUTH-172).
func (s *Service) beginSRP(ctx context.Context, in authStart, sc scope) (authAnswer, error) {
	if err := s.checkSecretHash(ctx, sc, sc.name, in.params["SECRET_HASH"], true); err != nil {
		return authAnswer{}, err
	}
	a, err := parsePublicKey(in.params["SRP_A"])
	if err != nil {
		return authAnswer{}, err
	}
	if sc, err = s.admit(ctx, sc, in); err != nil {
		return authAnswer{}, err
	}
	si, err := s.newSignIn(sc, in)
	if err != nil {
		return authAnswer{}, err
	}
	return s.putSRP(ctx, si, a, false)
}

// parsePublicKey reads the client's SRP_A.
func parsePublicKey(text string) (srp.Public, error) {
	a, err := srp.ParsePublic(text)
	if errors.Is(err, srp.ErrZero) {
		return a, errBadCredentials // AUTH-182
	}
	if err != nil {
		return a, ErrInvalidParameter.New("Invalid SRP_A").With(err) // AUTH-192
	}
	return a, nil
}

// putSRP asks for a proof of the password. All state is in the secret block; flows whose other steps have a Session get one here
// as well, which is the block's (AUTH-224, AUTH-278). It writes nothing.
func (s *Service) putSRP(ctx context.Context, in signIn, a srp.Public, withSession bool) (authAnswer, error) {
	p, err := s.passwordOf(ctx, in.scope)
	if err != nil {
		return authAnswer{}, err
	}
	if in.user != nil && in.user.Status == UserStatusTypeResetRequired && !in.client.hides() {
		return authAnswer{}, errResetRequired // AUTH-147
	}
	var c *srp.Challenge
	var b srp.Public
	err = s.expensive(ctx, in.pool.id(), costChallenge, func() (err error) {
		c, b, err = srp.NewChallenge(s.rand, a, p.verifier)
		return err
	})
	if err != nil {
		return authAnswer{}, err
	}
	v, err := s.newSession(ctx, in, in.user, ChallengeNameTypePasswordVerifier)
	if err != nil {
		return authAnswer{}, err
	}
	block, err := s.sealBlock(ctx, passwordBlockPurpose, v, c)
	if err != nil {
		return authAnswer{}, err
	}
	answer := authAnswer{challenge: ChallengeNameTypePasswordVerifier, params: map[string]string{
		"SALT": hex.EncodeToString(p.salt), "SRP_B": b.Hex(), "SECRET_BLOCK": base64.StdEncoding.EncodeToString(block), "USERNAME": p.id.Name, "USER_ID_FOR_SRP": p.id.Name,
	}}
	if withSession {
		v.progress = progress{Flow: v.Flow, Signed: v.Signed} // the rest is in the block
		answer.session, _, err = s.sealSession(ctx, v)
	}
	return answer, err
}

func (s *Service) sealBlock(ctx context.Context, purpose string, v session, c *srp.Challenge) (sealed []byte, err error) {
	block := secretBlock{Session: v}
	if block.Challenge, err = c.AppendBinary(nil); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(block)
	if err != nil {
		return nil, fmt.Errorf("encode a secret block: %w", err)
	}
	return s.vault.SealShort(ctx, purpose, sessionPlace(v.Pool, v.Client), padded(plain, v.slack()))
}

// answerSRP checks the claim of PASSWORD_VERIFIER. Whatever does not fit is the same error (AUTH-191).
func (s *Service) answerSRP(ctx context.Context, in authAnswerInput, sc scope) (authAnswer, error) {
	claim, err := srp.ParseClaim(in.responses["PASSWORD_CLAIM_SECRET_BLOCK"], in.responses["PASSWORD_CLAIM_SIGNATURE"], in.responses["TIMESTAMP"])
	if err != nil {
		return authAnswer{}, ErrInvalidParameter.New("Invalid PASSWORD_VERIFIER response").With(err) // AUTH-192 (unconfirmed text)
	}
	block, c, err := s.openBlock(ctx, passwordBlockPurpose, sc, claim)
	if err != nil {
		return authAnswer{}, err
	}
	now := s.store.Now()
	v := block.Session
	if sc.user != nil && sc.user.Disabled && sc.user.Sub != v.Sub && sc.client.hides() { // CUSTOM_AUTH takes him for nobody (H7)
		sc.user = nil
	}
	switch {
	case now.Unix() >= v.Ends || !claim.Within(now, srpClockSkew):
		return authAnswer{}, errBadCredentials // AUTH-190
	case v.Signed != in.signed || v.Install != s.vault.Epoch():
		return authAnswer{}, errBadCredentials
	case sc.user == nil && !sc.client.hides():
		return authAnswer{}, errUserNotFound
	case sc.user == nil: // goes on as whoever the block was made for, who does not exist
		sc.ghost = v.Sub
	case v.Sub != sc.user.Sub:
		return authAnswer{}, errBadCredentials
	case sc.user.Disabled && !sc.client.hides(): // since it began (AUTH-144)
		return authAnswer{}, errUserDisabled
	}
	if err := sc.allowsFlow(v.Flow); err != nil { // switched off since (C4)
		return authAnswer{}, err
	}
	if sc, err = s.watchSignIn(ctx, sc, v.Flow, in.about); err != nil {
		return authAnswer{}, err
	}
	sc, err = s.prove(ctx, sc, func(sc scope) (bool, error) {
		p, err := s.passwordOf(ctx, sc)
		if err != nil {
			return false, err
		}
		var ok bool
		err = s.expensive(ctx, sc.pool.id(), costClaim, func() (err error) {
			ok, err = c.Verify(p.verifier, p.id, claim)
			return err
		})
		// A password that was changed since has another epoch (C4).
		return ok && p.real && sc.user != nil && sc.user.CredentialEpoch == v.Epoch, err
	})
	if err != nil {
		return authAnswer{}, err
	}
	si := signIn{scope: sc, progress: v.proven(methodPassword).claiming(in.responses), about: in.about, metadata: in.metadata, answered: in.challenge}
	return s.advance(ctx, si, step{once: &once{id: v.ID, ends: v.Ends, again: errBadCredentials}}) // AUTH-193
}

// openBlock opens the secret block that a claim brings back.
func (s *Service) openBlock(ctx context.Context, purpose string, sc scope, claim *srp.Claim) (secretBlock, *srp.Challenge, error) {
	var block secretBlock
	plain, err := s.vault.OpenShort(ctx, purpose, sessionPlace(sc.pool.id(), sc.client.id()), claim.SecretBlock)
	if errors.Is(err, seal.ErrOpen) {
		return block, nil, errBadCredentials
	}
	if err != nil {
		return block, nil, err
	}
	if err := json.Unmarshal(plain, &block); err != nil {
		return block, nil, fmt.Errorf("decode a secret block: %w", err)
	}
	c, err := srp.ParseChallenge(block.Challenge)
	return block, c, err
}
