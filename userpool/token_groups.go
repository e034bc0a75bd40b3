package userpool

import (
	"cmp"
	"context"
	"slices"

	"github.com/cenote-auth/cenote/store"
)

// groupsOf returns the groups that the user is in, by precedence, those without one last, then by name. A membership of a
// group that was deleted counts for nothing, also if another group has its name by now.
func (s *Service) groupsOf(ctx context.Context, get getFunc, p *poolRecord, u *userRecord) ([]*groupRecord, error) {
	if len(u.Groups) == 0 {
		return nil, nil
	}
	table := groups.Of(p.id())
	finds := make([]*store.Lookup[groupRecord], len(u.Groups))
	gets := make([]store.Getter, len(u.Groups))
	for i, ref := range u.Groups {
		finds[i] = table.Find(ref.Name)
		gets[i] = finds[i]
	}
	if err := get(ctx, gets...); err != nil {
		return nil, err
	}
	var out []*groupRecord
	for i, f := range finds {
		if f.Got != nil && f.Got.ID == u.Groups[i].ID {
			out = append(out, f.Got)
		}
	}
	slices.SortFunc(out, func(a, b *groupRecord) int {
		return cmp.Or(comparePrecedence(a.Precedence, b.Precedence), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// comparePrecedence orders lower values first and nil last (GRP-013).
func comparePrecedence(a, b *int32) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(*a, *b)
}

// groupClaims is what groups say in tokens (AUTH-484…486, GRP-012, GRP-013).
type groupClaims struct {
	names     []string
	roles     []string
	preferred string
}

func claimsOfGroups(list []*groupRecord) groupClaims {
	var c groupClaims
	tie := false
	var best *groupRecord
	for _, g := range list { // by precedence
		c.names = append(c.names, g.Name)
		if g.RoleArn == "" {
			continue
		}
		if !slices.Contains(c.roles, g.RoleArn) {
			c.roles = append(c.roles, g.RoleArn)
		}
		switch {
		case best == nil:
			best = g
		case comparePrecedence(best.Precedence, g.Precedence) == 0 && best.RoleArn != g.RoleArn:
			tie = true
		}
	}
	if best != nil && !tie {
		c.preferred = best.RoleArn
	}
	return c
}
