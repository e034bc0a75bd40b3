package userpool

import (
	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/store"
)

// taken returns which of the user's names somebody else holds: "username", "sub", or the attribute that is a name.
func (p *poolRecord) taken(u *userRecord, c *store.ConflictError) string {
	table := users.Of(p.id())
	for _, name := range []struct{ what, value string }{
		{"email", u.Attributes["email"]}, {"phone_number", u.Attributes["phone_number"]},
		{"preferred_username", u.Attributes["preferred_username"]}, {"username", u.name()},
	} {
		if name.value != "" && table.IsConflict(c, indexLogin, u.Naming.fold(name.value)) {
			return name.what
		}
	}
	return "sub"
}

// aliasTaken translates the unique violation of a change of attributes (AUTH-055, AUTH-060, ATTR-056).
func (p *poolRecord) aliasTaken(u *userRecord, c *store.ConflictError) *awsapi.Error {
	switch what := p.taken(u, c); {
	case what == "preferred_username":
		return ErrAliasExists.Newf("Already found an entry for username %s", u.Attributes[what]).With(c)
	case p.Naming.attributeNames():
		return errGivenExists(ErrAliasExists, what).With(c)
	default:
		return errAliasExists(what).With(c)
	}
}

// nameTaken translates the unique violation of somebody who is made. AdminCreateUser has a text of its own (USR-013).
func (p *poolRecord) nameTaken(u *userRecord, c *store.ConflictError, admin bool) *awsapi.Error {
	what := p.taken(u, c)
	switch {
	case p.Naming.attributeNames() && (what == "email" || what == "phone_number"): // AUTH-048
		return errGivenExists(ErrUsernameExists, what).With(c)
	case what == "username" && admin:
		return ErrUsernameExists.New("User account already exists").With(c)
	case what == "username":
		return ErrUsernameExists.New("User already exists").With(c)
	}
	return p.aliasTaken(u, c)
}
