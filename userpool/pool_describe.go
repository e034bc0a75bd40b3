package userpool

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/cenote-auth/cenote/store"
)

// DescribeUserPool returns the settings of a pool and about how many users it has (POOL-018, POOL-019).
func (s *Service) DescribeUserPool(ctx context.Context, in *DescribeUserPoolInput) (*DescribeUserPoolOutput, error) {
	return call(ctx, s, opDescribeUserPool, in, s.describeUserPool)
}

func (s *Service) describeUserPool(ctx context.Context, in *DescribeUserPoolInput) (*DescribeUserPoolOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	pool, err := s.here(sc.pool).described()
	if err != nil {
		return nil, err
	}
	if pool.EstimatedNumberOfUsers, err = s.estimateUsers(ctx, sc.pool); err != nil {
		return nil, err
	}
	return &DescribeUserPoolOutput{UserPool: &pool}, nil
}

// described returns the pool as the API tells it, without what is counted. It shares nothing with the record, which everybody
// reads.
func (p *poolRecord) described() (UserPoolType, error) {
	out := p.Settings
	out.SchemaAttributes, out.AcrConfiguration = p.Schema, acrInForce(&p.Settings)
	return detached(out)
}

// detached returns a deep copy of something that is stored as JSON anyhow.
func detached[T any](v T) (T, error) {
	var out T
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("copy %T: %w", v, err)
	}
	return out, nil
}

// The number of users is counted up to a bound, at most once a minute and pool: it is an estimate by name, and counting
// exactly would be a row that every sign-up writes.
const (
	maxEstimate  = 100_000
	estimateLife = time.Minute
)

// estimates remembers how many users pools have.
type estimates struct {
	mu    sync.Mutex
	pools map[string]estimate // by data key: a pool made again under an old id is another one
}

type estimate struct {
	users int32
	at    time.Time
}

func (e *estimates) of(key string, now time.Time) (int32, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known, ok := e.pools[key]
	age := now.Sub(known.at)
	return known.users, ok && age >= 0 && age < estimateLife
}

func (e *estimates) keep(key string, v estimate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pools == nil || len(e.pools) >= maxHints {
		e.pools = make(map[string]estimate)
	}
	e.pools[key] = v
}

func (s *Service) estimateUsers(ctx context.Context, p *poolRecord) (int32, error) {
	now := s.store.Now()
	if n, ok := s.estimates.of(p.KeyID, now); ok {
		return n, nil
	}
	var n int64
	err := s.store.View(ctx, func(r *store.Reader) (err error) {
		n, err = users.Of(p.id()).Count(ctx, r, store.Query{Limit: maxEstimate})
		return err
	})
	if err != nil {
		return 0, err
	}
	s.estimates.keep(p.KeyID, estimate{int32(n), now})
	return int32(n), nil
}

// ListUserPools returns the pools by id, in pages (POOL-066). Deleted pools are not among them, however much of them is still to
// be cleared away.
func (s *Service) ListUserPools(ctx context.Context, in *ListUserPoolsInput) (*ListUserPoolsOutput, error) {
	return call(ctx, s, opListUserPools, in, s.listUserPools)
}

func (s *Service) listUserPools(ctx context.Context, in *ListUserPoolsInput) (*ListUserPoolsOutput, error) {
	key := pageOf(&opListUserPools.Operation)
	after, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	var page store.Page[poolRecord]
	err = s.store.View(ctx, func(r *store.Reader) (err error) {
		page, err = pools.Of(store.Installation).Scan(ctx, r, store.Query{Index: indexLive, After: after, Limit: int(in.MaxResults)})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &ListUserPoolsOutput{UserPools: make([]UserPoolDescriptionType, 0, len(page.Records))}
	for _, p := range page.Records {
		if !s.isHere(p) { // a page may hold fewer than were asked for
			continue
		}
		lambda, err := detached(p.Settings.LambdaConfig)
		if err != nil {
			return nil, err
		}
		out.UserPools = append(out.UserPools, UserPoolDescriptionType{
			Id: p.id(), Name: p.Settings.Name, LambdaConfig: lambda, ReplicaRegions: p.replicaRegions(),
			LastModifiedDate: p.Settings.LastModifiedDate, CreationDate: p.Settings.CreationDate,
		})
	}
	out.NextToken, err = s.pageToken(ctx, key, page.Next)
	return out, err
}
