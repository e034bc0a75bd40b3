package userpool

import (
	"context"
	"strings"
)

// updatedIssuerTier is the smallest plan whose pools can have the updated issuer. One second-hand source says that it is ESSENTIALS
// (NEW-244, unconfirmed).
const updatedIssuerTier = UserPoolTierTypeLite

// awsIssuer is the address that AWS gives a pool; updated pools have the host with the prefix (NEW-241).
func awsIssuer(prefix, region, poolID string) string {
	return "https://" + prefix + "cognito-idp." + region + ".amazonaws.com/" + poolID
}

func asksUpdatedIssuer(p *UserPoolType) bool {
	return p.IssuerConfiguration != nil && p.IssuerConfiguration.Type == IssuerTypeUpdated
}

// checkIssuer refuses the updated issuer where it would be no other one: an installation that has its own address has one for it
// as well, or pools cannot change.
func (s *Service) checkIssuer(p *UserPoolType) error {
	if asksUpdatedIssuer(p) && s.cfg.updatedIssuer == nil {
		return ErrInvalidParameter.New("IssuerConfiguration.Type UPDATED is not available: this installation of cenote has no UpdatedIssuer.")
	}
	return nil
}

// issuer returns the issuer of the tokens that the pool issues from now on, and where its documents are (NEW-241). Replicas of an
// updated pool issue as their primary does; others under their own Region (NEW-242).
func (s *Service) issuer(p *poolRecord) string {
	if asksUpdatedIssuer(&p.Settings) && s.cfg.updatedIssuer != nil {
		return s.cfg.updatedIssuer(p.id(), p.region())
	}
	return s.cfg.issuer(p.id())
}

// issued reports whether iss is one of the pool's two issuers. Which one it has now does not matter: tokens from before a change
// stay good (NEW-243).
func (s *Service) issued(p *poolRecord, iss string) bool {
	return iss == s.cfg.issuer(p.id()) || s.cfg.updatedIssuer != nil && iss == s.cfg.updatedIssuer(p.id(), p.region())
}

// region returns the Region that the pool was made in, that of its primary.
func (p *poolRecord) region() string { return arnPart(p.Settings.Arn, 3) }

// Issuer returns the issuer of the tokens of a pool whose IssuerConfiguration is ORIGINAL. IssuerOf asks the pool.
func (s *Service) Issuer(poolID string) string { return s.cfg.issuer(poolID) }

// IssuerOf returns the issuer of the tokens that a pool issues now. An unknown pool is ResourceNotFoundException.
func (s *Service) IssuerOf(ctx context.Context, poolID string) (string, error) {
	sc, err := s.byPool(ctx, s.store.Read, poolID, "")
	if err != nil {
		return "", err
	}
	return s.issuer(sc.pool), nil
}

// updatedIssuers returns what the updated issuer of a pool can be that was not read: its primary is here, or where its id says.
func (s *Service) updatedIssuers(poolID string) []string {
	if s.cfg.updatedIssuer == nil {
		return nil
	}
	out := []string{s.cfg.updatedIssuer(poolID, s.cfg.region)}
	if region, _, ok := strings.Cut(poolID, "_"); ok && region != s.cfg.region && regionForm().MatchString(region) {
		out = append(out, s.cfg.updatedIssuer(poolID, region))
	}
	return out
}
