package userpool

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/internal/useragent"
	"github.com/cenote-auth/cenote/store"
)

// location is where an address is. Both may be empty; Country is an English name, not a code (NEW-054).
type location struct{ City, Country string }

// visitor is who uses a session, as far as it is remembered. The zero value is somebody of whom nothing is known.
type visitor struct {
	device  string
	address string
	where   location
}

// visitor returns who makes a request, if the pool tracks sessions: else nobody asks.
func (s *Service) visitor(ctx context.Context, p *poolRecord, about requestContext) visitor {
	if !p.Tracking.On {
		return visitor{}
	}
	v := visitor{device: useragent.Describe(about.UserAgent)}
	if a := about.IP.WithZone(""); a.IsValid() {
		v.address = a.String()
		where := s.locate(ctx, about)
		v.where = location{City: where.City, Country: where.Country}
	}
	return v
}

// maxPlaceName is what the model has room for (NEW-054).
const maxPlaceName = 256

// cut returns at most n characters of s, and nothing that is not UTF-8.
func cut(s string, n int) string {
	runes := []rune(strings.ToValidUTF8(s, ""))
	return string(runes[:min(len(runes), n)])
}

// see notes a use of the session (NEW-035).
func (a *activity) see(now time.Time, v visitor) {
	a.Active, a.Device, a.Address, a.City, a.Country = now, v.device, v.address, v.where.City, v.where.Country
}

// trackSession gives a family its session, within the Update that grants it, if the pool tracks sessions (NEW-034). It returns
// what to store in place of f. Whoever has as many sessions as he may loses those that were used the longest ago, with their
// tokens (NEW-016, NEW-037, NEW-038).
func (s *Service) trackSession(ctx context.Context, tx *store.Tx, now scope, f *familyRecord, v visitor) (*familyRecord, error) {
	t := now.pool.Tracking
	if !t.On {
		return f, nil
	}
	live, over, err := s.tokenSessions(ctx, &tx.Reader, now.pool, f.Sub, f.TokenEpoch)
	if err != nil {
		return nil, err
	}
	surplus := max(0, len(live)-t.max()+1)
	for _, old := range live[:surplus] {
		old.revoke()
	}
	for _, old := range over { // their tokens are dead already, or of the last hours
		old.Session = nil
	}
	table := families.Of(now.pool.id())
	for _, old := range slices.Concat(live[:surplus], over) {
		if err := table.Put(ctx, tx, old); err != nil {
			return nil, err
		}
	}
	tracked := *f
	tracked.Session = &tokenSession{activity: activity{Created: f.AuthTime}, Run: t.Run}
	tracked.Session.see(f.AuthTime, v)
	return &tracked, nil
}

// tokenSessions returns the families of a user's token sessions, those first that were used the longest ago, and apart from them
// those that are over: whose refresh token has expired (NEW-040), or whose client is gone.
func (s *Service) tokenSessions(ctx context.Context, r *store.Reader, p *poolRecord, sub string, tokenEpoch int64) (live, over []*familyRecord, err error) {
	q := store.Query{Index: indexSession, Value: sessionsOf(sub, p.Tracking.Run, tokenEpoch, s.vault.Epoch()), Limit: 2 * maxTokenSessions}
	var all []*familyRecord
	for { // one page, unless many have expired that were not swept yet
		page, err := families.Of(p.id()).Scan(ctx, r, q)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, page.Records...)
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	serials, err := s.serials(ctx, r, p, all)
	if err != nil {
		return nil, nil, err
	}
	now := r.Now()
	for _, f := range all {
		if now.Before(f.RefreshEnd) && serials[f.ClientID] == f.Serial {
			live = append(live, f)
		} else {
			over = append(over, f)
		}
	}
	return live, over, nil
}

// serials returns the serials that the clients of some families have now, in one round trip.
func (s *Service) serials(ctx context.Context, r *store.Reader, p *poolRecord, list []*familyRecord) (map[string]string, error) {
	out := make(map[string]string)
	var finds []*store.Lookup[clientRecord]
	var gets []store.Getter
	for _, f := range list {
		if _, known := out[f.ClientID]; !known {
			out[f.ClientID] = "" // which no family has
			find := clients.Of(store.Installation).Find(f.ClientID)
			finds, gets = append(finds, find), append(gets, find)
		}
	}
	if err := r.Get(ctx, gets...); err != nil {
		return nil, err
	}
	for _, find := range finds {
		if c := find.Got; c != nil && c.poolID() == p.id() {
			out[c.id()] = c.Serial
		}
	}
	return out, nil
}

// touchSession notes in a family's session that it was used by a refresh (NEW-035). Without a session nothing is written. It
// answers store.ErrStale if the family no longer allows what was decided on st.
func (s *Service) touchSession(ctx context.Context, st refreshState, r refreshRequest, v visitor) error {
	if st.pool.Tracking.of(st.family) == nil {
		return nil
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.refreshAgain(ctx, tx, st, r)
		if err != nil {
			return err
		}
		session := now.pool.Tracking.of(now.family)
		if session == nil { // switched off meanwhile
			return nil
		}
		session.see(tx.Now(), v)
		return families.Of(now.pool.id()).Put(ctx, tx, now.family)
	})
}

// tokenSessionID returns the id of the session that follows a family (NEW-032). Everybody who may know the one may know the other.
func tokenSessionID(familyID string) string { return "tkn" + ident.Derived(familyID, 25) }
