package userpool

import (
	"bytes"
	"context"
	"time"

	"github.com/cenote-auth/cenote/store"
)

// maxFormers is how many replaced tokens of a family are known by their sum: the last one, and more only while their grace
// periods last. Whoever uses an older one needs the envelope opened, see unknownRefresh.
const maxFormers = 8

// formerToken is a refresh token that was replaced.
type formerToken struct {
	Sum   []byte    // SHA-256
	Grace time.Time // until when it still works
}

// former returns the former token with that sum, or nil.
func (f *familyRecord) former(sum []byte) *formerToken {
	for i := range f.Formers {
		if bytes.Equal(f.Formers[i].Sum, sum) {
			return &f.Formers[i]
		}
	}
	return nil
}

// accepts reports whether a refresh token is the current one or a former one in its grace period.
func (f *familyRecord) accepts(sum []byte, now time.Time) bool {
	t := f.former(sum)
	return bytes.Equal(sum, f.Token) || t != nil && now.Before(t.Grace)
}

// revoke ends the family and its session; nothing that was issued from it works any longer in the pool's operations (NEW-063).
func (f *familyRecord) revoke() {
	f.Revoked, f.Successor, f.Formers, f.Session = true, nil, nil, nil
}

// revokeFamily ends a family, if it has not ended before, and with linked the SSO session that it came through (NEW-071).
func (s *Service) revokeFamily(ctx context.Context, p *poolRecord, f *familyRecord, linked bool) error {
	table := families.Of(p.id())
	return s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := table.Get(ctx, &tx.Reader, f.ID)
		if err != nil || now == nil || now.Revoked {
			return err
		}
		if session := p.Tracking.of(now); linked && session != nil && session.Origin != "" {
			if err := s.endSSO(ctx, tx, p, session.Origin, now.Sub); err != nil {
				return err
			}
		}
		now.revoke()
		return table.Put(ctx, tx, now)
	})
}

// rotate replaces a refresh token and returns its successor. Whoever uses a former one within its grace period gets the token
// that is current then, so that there is never a second lineage (H3). The end does not move (AUTH-262, AUTH-513).
func (s *Service) rotate(ctx context.Context, st refreshState, r refreshRequest, grace time.Duration, who visitor) (string, error) {
	crypt, err := s.crypt(ctx, st.pool)
	if err != nil {
		return "", err
	}
	if st.family.former(tokenSum(r.token)) != nil {
		text, err := crypt.open(fieldSuccessor, st.family.ID, st.family.Successor)
		return string(text), firstError(err, s.touchSession(ctx, st, r, who))
	}
	now := s.store.Now()
	next := *st.family
	next.Generation++
	text, err := s.refreshToken(ctx, st.pool, &next)
	if err != nil {
		return "", err
	}
	next.Token, next.Formers = tokenSum(text), []formerToken{{st.family.Token, now.Add(grace)}}
	for _, t := range st.family.Formers {
		if now.Before(t.Grace) && len(next.Formers) < maxFormers {
			next.Formers = append(next.Formers, t)
		}
	}
	if next.Successor, err = crypt.seal(fieldSuccessor, next.ID, []byte(text)); err != nil {
		return "", err
	}
	next.Session = nil
	if session := st.pool.Tracking.of(st.family); session != nil {
		next.Session = new(*session)
		next.Session.see(now, who)
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.refreshAgain(ctx, tx, st, r); err != nil {
			return err
		}
		return families.Of(st.pool.id()).Put(ctx, tx, &next) // or stale: of two uses at once one rotates
	})
	return text, err
}

// refreshAgain reads within an Update what a refresh was decided on. What no longer allows it is store.ErrStale: it is read anew
// and refused there (C2).
func (s *Service) refreshAgain(ctx context.Context, tx *store.Tx, st refreshState, r refreshRequest) (refreshState, error) {
	find, keys := families.Of(st.pool.id()).Find(st.family.ID), signingKeys.Of(st.pool.id()).Find()
	device, more := st.family.findDevice(st.pool, find, keys)
	sc, err := s.again(ctx, tx, st.scope, more...)
	if err != nil {
		return refreshState{}, err
	}
	now := refreshState{scope: sc, family: find.Got, device: device.Got}
	if find.Got == nil || keys.Got != st.keys || sc.client.Version != st.client.Version ||
		s.refreshRefusal(now, r, tokenSum(r.token)) != nil {
		return refreshState{}, store.ErrStale
	}
	return now, nil
}
