package userpool

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// codePurpose is what a confirmation code is good for. A user has at most one live code for each; a newer one replaces it
// (AUTH-112).
type codePurpose string

const (
	codeSignUp codePurpose = "signup"
	codeReset  codePurpose = "reset"
	codeEmail  codePurpose = "email"
	codePhone  codePurpose = "phone_number"
)

// codeDigits is the length of a confirmation code (MSG-013).
const codeDigits = 6

// life returns how long a code is good for (QUO-011).
func (p codePurpose) life() time.Duration {
	if p == codeReset {
		return time.Hour
	}
	return 24 * time.Hour
}

// newCode returns a code to send. It is made before the Update that stores it, so that a second run stores the same.
func (s *Service) newCode() (string, error) { return ident.Code(s.rand, codeDigits) }

func (c poolCrypt) codeMAC(sub string, p codePurpose, code string) []byte {
	return c.key.MAC("code", sub, string(p), code)
}

// putCode stores that code was sent to the address in attribute, in place of an earlier one.
func (s *Service) putCode(ctx context.Context, tx *store.Tx, c poolCrypt, now scope, p codePurpose, code, attribute, value string) error {
	return codes.Of(now.pool.id()).Replace(ctx, tx, s.codeOf(tx, c, now, p, code, attribute, value))
}

// codeOf returns the record of a code that is sent now.
func (s *Service) codeOf(tx *store.Tx, c poolCrypt, now scope, p codePurpose, code, attribute, value string) *codeRecord {
	return &codeRecord{
		Sub: now.user.Sub, Purpose: p, MAC: c.codeMAC(now.user.Sub, p, code), Attribute: attribute, Value: value,
		Epoch: now.user.CredentialEpoch, Install: s.vault.Epoch(), Ends: tx.Now().Add(p.life()),
	}
}

// checkCode decides on a code within the Update that acts on it. A right code is returned with verdict nil; the caller takes
// it with takeCode once nothing else can refuse, in the same Update. A wrong guess is counted: the caller must let the Update
// commit and answer the verdict afterwards, an error would roll the count back.
func (s *Service) checkCode(ctx context.Context, tx *store.Tx, c poolCrypt, now scope, p codePurpose, code string) (*codeRecord, *awsapi.Error, error) {
	table := codes.Of(now.pool.id())
	rec, err := table.Get(ctx, &tx.Reader, now.user.Sub, string(p))
	if err != nil {
		return nil, nil, err
	}
	if rec == nil || rec.Epoch != now.user.CredentialEpoch || rec.Install != s.vault.Epoch() {
		return nil, errCodeExpired, nil
	}
	if subtle.ConstantTimeCompare(rec.MAC, c.codeMAC(now.user.Sub, p, code)) == 1 {
		return rec, nil, nil
	}
	rec.Wrong++
	if max := s.cfg.limits.WrongCodes; max >= 0 && rec.Wrong >= max { // C3: a code is not guessed for ever
		return nil, errCodeMismatch, table.Delete(ctx, tx, rec)
	}
	return nil, errCodeMismatch, table.Put(ctx, tx, rec)
}

// takeCode uses a code up.
func (s *Service) takeCode(ctx context.Context, tx *store.Tx, now scope, rec *codeRecord) error {
	return codes.Of(now.pool.id()).Delete(ctx, tx, rec)
}
