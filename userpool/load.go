package userpool

import (
	"context"
	"sync"

	"github.com/cenote-auth/cenote/store"
)

// scope is what a request is about. client is nil in operations that name a pool; user is nil if nobody has the name.
type scope struct {
	pool   *poolRecord
	client *clientRecord
	user   *userRecord
	name   string // as the caller wrote it
	ghost  string // whom attempts count against if nobody has the name and the caller must not learn that; see hide
	// counted is set where this attempt is counted already, for a ghost whose password another directory was asked about.
	counted bool
	proof   *secretProof
	threat  *threat // what threat protection knows of the request; nil if it does not watch
}

// getFunc reads look-ups: Store.Read, or the Get of a View or an Update.
type getFunc func(ctx context.Context, gets ...store.Getter) error

// hints remember what never or seldom changes while a client or pool exists, so that client, pool and user can be read in one
// round trip. A hint is only a guess at what to read: what was read decides.
type hints struct {
	mu      sync.RWMutex
	pools   map[string]string   // client id → pool id
	names   map[string]naming   // pool id → naming
	homes   map[string]bool     // pool id → its primary is here
	servers map[string][]string // client id → resource servers of its scopes; these change, see readMachine
}

// maxHints bounds each map; full is emptied.
const maxHints = 100_000

func (h *hints) of(clientID string) string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.pools[clientID]
}

func (h *hints) naming(poolID string) (naming, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	n, ok := h.names[poolID]
	return n, ok
}

func (h *hints) keep(p *poolRecord, c *clientRecord) {
	n, known := h.naming(p.id())
	if known && n == p.Naming && (c == nil || h.of(c.id()) == p.id()) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pools) >= maxHints || len(h.names) >= maxHints || h.pools == nil {
		h.pools, h.names = map[string]string{}, map[string]naming{}
	}
	h.names[p.id()] = p.Naming
	if c != nil {
		h.pools[c.id()] = p.id()
	}
}

// serversOf returns the resource servers that a client was last seen to need.
func (h *hints) serversOf(clientID string) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.servers[clientID]
}

func (h *hints) keepServers(clientID string, servers []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.servers == nil || len(h.servers) >= maxHints {
		h.servers = map[string][]string{}
	}
	h.servers[clientID] = servers
}

// forget drops what turned out to be wrong.
func (h *hints) forget(clientID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pools, clientID)
}

// byClient reads the client, its pool and, unless name is "", the user of that name. Other look-ups ride along; their owner
// has to be known to the caller. An unknown client is ResourceNotFoundException (AUTH-082).
func (s *Service) byClient(ctx context.Context, get getFunc, clientID, name string) (scope, error) {
	for {
		poolID := s.hints.of(clientID)
		sc, ok, err := s.tryClient(ctx, get, clientID, poolID, name)
		if err != nil || ok {
			return sc, err
		}
	}
}

// tryClient reads with a guessed pool. A wrong guess is corrected and reported as not ok.
func (s *Service) tryClient(ctx context.Context, get getFunc, clientID, poolID, name string) (sc scope, ok bool, err error) {
	c := clients.Of(store.Installation).Find(clientID)
	p := pools.Of(store.Installation).Find(poolID)
	n, known := s.hints.naming(poolID)
	u := users.Of(poolID).FindBy(indexLogin, n.fold(name))
	gets := []store.Getter{c}
	if poolID != "" {
		gets = append(gets, p)
	}
	withUser := known && poolID != "" && name != ""
	if withUser {
		gets = append(gets, u)
	}
	if err := get(ctx, gets...); err != nil {
		return scope{}, false, err
	}
	if c.Got == nil {
		return scope{}, false, errClientNotFound(clientID)
	}
	if c.Got.poolID() != poolID { // no hint, or the client was made again in another pool
		p = pools.Of(store.Installation).Find(c.Got.poolID())
		if err := get(ctx, p); err != nil {
			return scope{}, false, err
		}
		withUser = false
	}
	if p.Got == nil || p.Got.Deleting {
		return scope{}, false, errClientNotFound(clientID)
	}
	s.hints.keep(p.Got, c.Got)
	if name != "" && (!withUser || n != p.Got.Naming) {
		return scope{}, false, nil // now that pool and naming are known
	}
	sc = scope{pool: p.Got, client: c.Got, name: name, proof: new(secretProof)}
	if withUser {
		sc.user = u.Got
	}
	return sc, true, nil
}

// byPool reads a pool and, unless name is "", the user of that name. An unknown pool is ResourceNotFoundException (POOL-064).
func (s *Service) byPool(ctx context.Context, get getFunc, poolID, name string) (scope, error) {
	p := pools.Of(store.Installation).Find(poolID)
	n, known := s.hints.naming(poolID)
	u := users.Of(poolID).FindBy(indexLogin, n.fold(name))
	gets := []store.Getter{p}
	withUser := known && name != ""
	if withUser {
		gets = append(gets, u)
	}
	if err := get(ctx, gets...); err != nil {
		return scope{}, err
	}
	if p.Got == nil || p.Got.Deleting {
		return scope{}, errPoolNotFound(poolID)
	}
	s.hints.keep(p.Got, nil)
	if name != "" && (!withUser || n != p.Got.Naming) {
		u = users.Of(poolID).FindBy(indexLogin, p.Got.Naming.fold(name))
		if err := get(ctx, u); err != nil {
			return scope{}, err
		}
	}
	return scope{pool: p.Got, user: u.Got, name: name}, nil
}

// poolUser is byPool for operations that need the user: an unknown one is UserNotFoundException (USR-005, USR-006).
func (s *Service) poolUser(ctx context.Context, poolID, name string) (scope, error) {
	sc, err := s.byPool(ctx, s.store.Read, poolID, name)
	if err == nil && sc.user == nil {
		err = errUserNotFound
	}
	return sc, err
}

// poolClient reads a pool and one of its clients. A client of another pool does not exist (AUTH-083).
func (s *Service) poolClient(ctx context.Context, get getFunc, poolID, clientID string) (scope, error) {
	p := pools.Of(store.Installation).Find(poolID)
	c := clients.Of(store.Installation).Find(clientID)
	if err := get(ctx, p, c); err != nil {
		return scope{}, err
	}
	if p.Got == nil || p.Got.Deleting {
		return scope{}, errPoolNotFound(poolID)
	}
	if c.Got == nil || c.Got.poolID() != poolID {
		return scope{}, errClientNotFound(clientID)
	}
	s.hints.keep(p.Got, c.Got)
	return scope{pool: p.Got, client: c.Got}, nil
}

// again reads in the Update what an earlier read found, by id: what grants is decided on what this returns (C2). Other
// look-ups ride along in the same round trip. Pool, client or user that is gone by now is the error that its absence was.
func (s *Service) again(ctx context.Context, tx *store.Tx, sc scope, more ...store.Getter) (scope, error) {
	return s.againIn(ctx, tx.Get, sc, more...)
}

// againIn is again in any snapshot.
func (s *Service) againIn(ctx context.Context, get getFunc, sc scope, more ...store.Getter) (scope, error) {
	out, err := s.againShared(ctx, get, sc, more...)
	if err == nil && out.user != nil {
		out.user = out.user.clone()
	}
	return out, err
}

// againShared is againIn for who changes nothing: the user is shared with other look-ups.
func (s *Service) againShared(ctx context.Context, get getFunc, sc scope, more ...store.Getter) (scope, error) {
	p := pools.Of(store.Installation).Find(sc.pool.id())
	gets := append([]store.Getter{p}, more...)
	var c *store.Lookup[clientRecord]
	if sc.client != nil {
		c = clients.Of(store.Installation).Find(sc.client.id())
		gets = append(gets, c)
	}
	var u *store.Lookup[userRecord]
	if sc.user != nil {
		u = users.Of(sc.pool.id()).Find(sc.user.Sub)
		gets = append(gets, u)
	}
	if err := get(ctx, gets...); err != nil {
		return scope{}, err
	}
	if p.Got == nil || p.Got.Deleting || p.Got.KeyID != sc.pool.KeyID {
		return scope{}, errPoolNotFound(sc.pool.id())
	}
	out := scope{pool: p.Got, name: sc.name, proof: sc.proof, threat: sc.threat}
	if c != nil {
		if c.Got == nil || c.Got.poolID() != p.Got.id() || c.Got.Serial != sc.client.Serial {
			return scope{}, errClientNotFound(sc.client.id())
		}
		if err := sc.proof.stillGood(c.Got); err != nil {
			return scope{}, err
		}
		out.client = c.Got
	}
	if u != nil {
		if u.Got == nil {
			return scope{}, errUserNotFound
		}
		out.user = u.Got
	}
	return out, nil
}

// update runs change on a fresh copy of the scope's user and stores the result, in one Update. A name that the change would
// take from somebody comes back as *store.ConflictError.
func (s *Service) update(ctx context.Context, sc scope, change func(tx *store.Tx, now scope) error) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		if err := change(tx, now); err != nil {
			return err
		}
		return users.Of(now.pool.id()).Put(ctx, tx, now.user)
	})
}

// updateIf is update for a change that may turn out to be none: then nothing is written.
func (s *Service) updateIf(ctx context.Context, sc scope, change func(tx *store.Tx, now scope) (changed bool, err error)) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.again(ctx, tx, sc)
		if err != nil {
			return err
		}
		changed, err := change(tx, now)
		if err != nil || !changed {
			return err
		}
		return users.Of(now.pool.id()).Put(ctx, tx, now.user)
	})
}
