package userpool

import (
	"context"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

// resourceServerRecord is an API of the pool's owner, with the scopes that clients may hold for it. A scope is written
// {identifier}/{name}; scopes have no slash in their names, so that the last one parts the two (RS-002).
type resourceServerRecord struct {
	store.Meta
	Identifier string
	Name       string
	Scopes     []ResourceServerScopeType `json:",omitempty"`
}

var resourceServers = store.NewKind("resourceserver", store.Kind[resourceServerRecord]{
	Key:    func(r *resourceServerRecord) []string { return []string{r.Identifier} },
	Cached: true,
})

// described returns the resource server as the API tells it. Those of the pool's owner have no ManagedBy (NEW-322).
func (r *resourceServerRecord) described(poolID string) ResourceServerType {
	return ResourceServerType{UserPoolId: poolID, Identifier: r.Identifier, Name: r.Name, Scopes: slices.Clone(r.Scopes)}
}

// has reports whether the server has a scope of that name.
func (r *resourceServerRecord) has(name string) bool {
	return r != nil && slices.ContainsFunc(r.Scopes, func(s ResourceServerScopeType) bool { return s.ScopeName == name })
}

// errServerNotFound is a resource server that the pool does not have (unconfirmed text).
func errServerNotFound(identifier string) *awsapi.Error {
	return ErrResourceNotFound.Newf("Resource server %s does not exist.", identifier)
}

// CreateResourceServer makes a resource server (RS-001…004).
func (s *Service) CreateResourceServer(ctx context.Context, in *CreateResourceServerInput) (*CreateResourceServerOutput, error) {
	return call(ctx, s, opCreateResourceServer, in, s.createResourceServer)
}

func (s *Service) createResourceServer(ctx context.Context, in *CreateResourceServerInput) (*CreateResourceServerOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	r := &resourceServerRecord{Identifier: in.Identifier, Name: in.Name, Scopes: slices.Clone(in.Scopes)}
	if isSystemScope(in.Identifier) { // its scopes would be the service's own
		return nil, ErrInvalidParameter.Newf("%s cannot be the identifier of a resource server.", in.Identifier)
	}
	if err := checkScopeNames(r.Scopes); err != nil {
		return nil, err
	}
	table := resourceServers.Of(in.UserPoolId)
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		same := table.Find(r.Identifier)
		if _, err := s.again(ctx, tx, sc, same); err != nil {
			return err
		}
		if same.Got != nil {
			return ErrInvalidParameter.Newf("%s already exists in user pool %s.", r.Identifier, in.UserPoolId)
		}
		if max := s.cfg.limits.ResourceServersPerPool; max >= 0 {
			n, err := table.Count(ctx, &tx.Reader, store.Query{Limit: max})
			if err != nil {
				return err
			}
			if n >= int64(max) { // unconfirmed text
				return ErrLimitExceeded.New("Maximum number of resource servers in the user pool has been reached.")
			}
		}
		return table.Put(ctx, tx, r)
	})
	if err != nil {
		return nil, err
	}
	made := r.described(in.UserPoolId)
	return &CreateResourceServerOutput{ResourceServer: &made}, nil
}

// checkScopeNames refuses a scope that stands twice in a list (unconfirmed text).
func checkScopeNames(scopes []ResourceServerScopeType) error {
	seen := make(map[string]bool, len(scopes))
	for _, s := range scopes {
		if seen[s.ScopeName] {
			return ErrInvalidParameter.Newf("The scope %s stands twice in the list.", s.ScopeName)
		}
		seen[s.ScopeName] = true
	}
	return nil
}

// poolServer reads a pool and one of its resource servers. Of two unknown things the pool is told.
func (s *Service) poolServer(ctx context.Context, get getFunc, poolID, identifier string) (*resourceServerRecord, error) {
	p, r := pools.Of(store.Installation).Find(poolID), resourceServers.Of(poolID).Find(identifier)
	if err := get(ctx, p, r); err != nil {
		return nil, err
	}
	if p.Got == nil || p.Got.Deleting {
		return nil, errPoolNotFound(poolID)
	}
	if r.Got == nil {
		return nil, errServerNotFound(identifier)
	}
	return r.Got, nil
}

// DescribeResourceServer returns a resource server.
func (s *Service) DescribeResourceServer(ctx context.Context, in *DescribeResourceServerInput) (*DescribeResourceServerOutput, error) {
	return call(ctx, s, opDescribeResourceServer, in, s.describeResourceServer)
}

func (s *Service) describeResourceServer(ctx context.Context, in *DescribeResourceServerInput) (*DescribeResourceServerOutput, error) {
	r, err := s.poolServer(ctx, s.store.Read, in.UserPoolId, in.Identifier)
	if err != nil {
		return nil, err
	}
	found := r.described(in.UserPoolId)
	return &DescribeResourceServerOutput{ResourceServer: &found}, nil
}

// UpdateResourceServer replaces name and scopes; without Scopes it has none from then on (RS-005). Clients keep scopes that are gone,
// without effect until they are there again (RS-006).
func (s *Service) UpdateResourceServer(ctx context.Context, in *UpdateResourceServerInput) (*UpdateResourceServerOutput, error) {
	return call(ctx, s, opUpdateResourceServer, in, s.updateResourceServer)
}

func (s *Service) updateResourceServer(ctx context.Context, in *UpdateResourceServerInput) (*UpdateResourceServerOutput, error) {
	if err := checkScopeNames(in.Scopes); err != nil {
		return nil, err
	}
	var changed ResourceServerType
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		was, err := s.poolServer(ctx, tx.Get, in.UserPoolId, in.Identifier)
		if err != nil {
			return err
		}
		r := &resourceServerRecord{Meta: was.Meta, Identifier: was.Identifier, Name: in.Name, Scopes: slices.Clone(in.Scopes)}
		changed = r.described(in.UserPoolId)
		return resourceServers.Of(in.UserPoolId).Put(ctx, tx, r)
	})
	if err != nil {
		return nil, err
	}
	return &UpdateResourceServerOutput{ResourceServer: &changed}, nil
}

// DeleteResourceServer deletes a resource server, which acts like removing all its scopes (RS-008).
func (s *Service) DeleteResourceServer(ctx context.Context, in *DeleteResourceServerInput) (*DeleteResourceServerOutput, error) {
	return call(ctx, s, opDeleteResourceServer, in, s.deleteResourceServer)
}

func (s *Service) deleteResourceServer(ctx context.Context, in *DeleteResourceServerInput) (*DeleteResourceServerOutput, error) {
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.poolServer(ctx, tx.Get, in.UserPoolId, in.Identifier)
		if err != nil {
			return err
		}
		return resourceServers.Of(in.UserPoolId).Delete(ctx, tx, r)
	})
	if err != nil {
		return nil, err
	}
	return &DeleteResourceServerOutput{}, nil
}

// ListResourceServers returns the resource servers of a pool by identifier, in pages of at most 50 (RS-004).
func (s *Service) ListResourceServers(ctx context.Context, in *ListResourceServersInput) (*ListResourceServersOutput, error) {
	return call(ctx, s, opListResourceServers, in, s.listResourceServers)
}

func (s *Service) listResourceServers(ctx context.Context, in *ListResourceServersInput) (*ListResourceServersOutput, error) {
	key := pageOf(&opListResourceServers.Operation, in.UserPoolId)
	after, err := s.pageCursor(ctx, key, in.NextToken)
	if err != nil {
		return nil, err
	}
	limit := 50
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	var page store.Page[resourceServerRecord]
	err = s.store.View(ctx, func(r *store.Reader) error {
		if _, err := s.byPool(ctx, r.Get, in.UserPoolId, ""); err != nil {
			return err
		}
		page, err = resourceServers.Of(in.UserPoolId).Scan(ctx, r, store.Query{After: after, Limit: limit})
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &ListResourceServersOutput{ResourceServers: make([]ResourceServerType, 0, len(page.Records))}
	for _, r := range page.Records {
		out.ResourceServers = append(out.ResourceServers, r.described(in.UserPoolId))
	}
	out.NextToken, err = s.pageToken(ctx, key, page.Next)
	return out, err
}

// isSystemScope reports whether a scope, or the identifier of one, is the service's: a pool's owner cannot make it.
func isSystemScope(scope string) bool {
	return strings.HasPrefix(scope, "aws.cognito") || slices.Contains([]string{"openid", "email", "phone", "profile"}, scope)
}

// partScope parts a scope into the identifier of its resource server and its name there.
func partScope(scope string) (identifier, name string) {
	i := strings.LastIndexByte(scope, '/')
	if i < 0 {
		return "", scope
	}
	return scope[:i], scope[i+1:]
}

// serversOf returns the identifiers of the resource servers that scopes are of, each once.
func serversOf(scopes []string) []string {
	var out []string
	for _, scope := range scopes {
		if id, _ := partScope(scope); id != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// findServers returns look-ups of resource servers, by identifier.
func findServers(poolID string, identifiers []string) (map[string]*store.Lookup[resourceServerRecord], []store.Getter) {
	finds, gets := make(map[string]*store.Lookup[resourceServerRecord], len(identifiers)), []store.Getter{}
	for _, id := range identifiers {
		find := resourceServers.Of(poolID).Find(id)
		finds[id], gets = find, append(gets, find)
	}
	return finds, gets
}

// checkScopes refuses scopes of a client that the pool does not have (APP-027), within the Update that stores the client.
func (s *Service) checkScopes(ctx context.Context, tx *store.Tx, p *poolRecord, c *clientRecord) error {
	scopes := c.Settings.AllowedOAuthScopes
	servers, gets := findServers(p.id(), serversOf(scopes))
	if err := tx.Get(ctx, gets...); err != nil {
		return err
	}
	for _, scope := range scopes {
		id, name := partScope(scope)
		if find := servers[id]; find == nil || !find.Got.has(name) {
			return ErrScopeDoesNotExist.Newf("Invalid scope requested: %s", scope)
		}
	}
	return nil
}
