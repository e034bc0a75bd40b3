package userpool

import (
	"context"

	"github.com/cenote-auth/cenote/store"
)

// ListUsers returns the users of a pool, or those that a filter names, in pages of at most 60 (USR-070…083). They come in the
// order of what is filtered by, without a filter in that of their subs. A page may hold fewer users than asked for although
// more follow.
func (s *Service) ListUsers(ctx context.Context, in *ListUsersInput) (*ListUsersOutput, error) {
	return call(ctx, s, opListUsers, in, s.listUsers)
}

func (s *Service) listUsers(ctx context.Context, in *ListUsersInput) (*ListUsersOutput, error) {
	sc, err := s.byPool(ctx, s.store.Read, in.UserPoolId, "")
	if err != nil {
		return nil, err
	}
	f, err := parseUserFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	for _, name := range in.AttributesToGet {
		if sc.pool.attribute(name) == nil {
			return nil, errNoSuchAttribute
		}
	}
	key := pageOf(&opListUsers.Operation, append([]string{in.UserPoolId, in.Filter}, in.AttributesToGet...)...)
	after, err := s.pageCursor(ctx, key, in.PaginationToken)
	if err != nil {
		return nil, err
	}
	out := &ListUsersOutput{Users: []UserType{}}
	q, possible := f.query(sc.pool)
	if !possible {
		return out, nil
	}
	q.After, q.Limit = after, pageSize(in.Limit)
	var page store.Page[userRecord]
	err = s.store.View(ctx, func(r *store.Reader) (err error) {
		page, err = users.Of(in.UserPoolId).Scan(ctx, r, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, u := range page.Records {
		if !f.matches(u) {
			continue
		}
		listed := u.described()
		if listed.Attributes, err = u.pick(in.AttributesToGet, s.cfg.lenientLists); err != nil {
			return nil, err
		}
		out.Users = append(out.Users, listed)
	}
	out.PaginationToken, err = s.pageToken(ctx, key, page.Next)
	return out, err
}

var errNoSuchAttribute = ErrInvalidParameter.New("One or more requested attributes do not exist.")

// pick returns the attributes with these names, or all of them for none. One that the user lacks is an error for the whole list,
// as the service answers it, or is left out (USR-081).
func (u *userRecord) pick(names []string, lenient bool) ([]AttributeType, error) {
	if len(names) == 0 {
		return attributeList(u.Sub, u.Attributes), nil
	}
	out := make([]AttributeType, 0, len(names))
	for _, name := range names {
		v, has := u.Attributes[name]
		if name == "sub" {
			v, has = u.Sub, true
		}
		switch {
		case has:
			out = append(out, AttributeType{Name: name, Value: v})
		case !lenient:
			return nil, errNoSuchAttribute
		}
	}
	return out, nil
}
