package userpool

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

// A Service answers for one Region. At its own pools it is the primary, and everything works. At pools of other Regions in the same
// store it is a secondary replica, if the pool has one here, and only what secondaryOperations says works; or there is no such pool.

// operationKey is where the context has the operation of a call that names its pool in an access token alone: whose that is is
// known when the token has been read, see permitBearer.
type operationKey struct{}

// permit decides before every operation whether it works here (NEW-201, NEW-212), and may now (NEW-286). Pools that do not exist are for the operation
// to miss.
func (s *Service) permit(ctx context.Context, op *awsapi.Operation, input any) (context.Context, error) {
	if err := s.limitRate(ctx, op, input); err != nil {
		return nil, err
	}
	v := reflect.ValueOf(input).Elem()
	id, missing := text(v, "UserPoolId"), func(id string) error { return errPoolNotFound(id) }
	if id == "" {
		_, id, _ = strings.Cut(text(v, "ResourceArn"), ":userpool/")
	}
	if client := text(v, "ClientId"); id == "" && client != "" {
		missing = func(string) error { return errClientNotFound(client) }
		if id = s.hints.of(client); id == "" {
			sc, err := s.byClient(ctx, s.store.Read, client, "")
			if errors.Is(err, ErrResourceNotFound) {
				return ctx, nil
			}
			if err != nil {
				return nil, err
			}
			id = sc.pool.id()
		}
	}
	switch {
	case id == "" && v.FieldByName("AccessToken").IsValid():
		return context.WithValue(ctx, operationKey{}, op), nil
	case id == "" || s.hints.isHome(id):
		return ctx, nil
	}
	find := pools.Of(store.Installation).Find(id)
	if err := s.store.Read(ctx, find); err != nil {
		return nil, err
	}
	if find.Got == nil || find.Got.Deleting {
		return ctx, nil
	}
	return ctx, s.permitTo(find.Got, op.Name, missing)
}

// permitTo decides whether the operation of that name works for the pool here.
func (s *Service) permitTo(p *poolRecord, op string, missing func(id string) error) error {
	switch r := p.Replica; {
	case !s.secondary(p):
		s.hints.keepHome(p.id())
		return nil
	case r == nil || r.Region != s.cfg.region:
		return missing(p.id())
	case !secondaryOperations[op].works(r.Status): // unconfirmed text
		return ErrOperationNotEnabled.Newf("Operation %s is not enabled for user pool %s in this Region.", op, p.id())
	}
	return nil
}

// permitBearer is permit for an operation that learns its pool from an access token or a session. Outside of an operation nothing
// works at a secondary.
func (s *Service) permitBearer(ctx context.Context, p *poolRecord) error {
	if !s.secondary(p) {
		return nil
	}
	name := ""
	if op, ok := ctx.Value(operationKey{}).(*awsapi.Operation); ok {
		name = op.Name
	}
	return s.permitTo(p, name, func(id string) error { return errPoolNotFound(id) })
}

// secondary reports whether the pool's primary is elsewhere.
func (s *Service) secondary(p *poolRecord) bool { return p.region() != s.cfg.region }

// isHome reports whether the pool is known to have its primary here, where everything works. That does not change while the pool
// exists.
func (h *hints) isHome(poolID string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.homes[poolID]
}

func (h *hints) keepHome(poolID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.homes == nil || len(h.homes) >= maxHints {
		h.homes = map[string]bool{}
	}
	h.homes[poolID] = true
}

// leaveHome forgets a pool that is deleted: another one of its id may be made elsewhere.
func (h *hints) leaveHome(poolID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.homes, poolID)
}
