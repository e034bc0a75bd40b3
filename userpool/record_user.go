package userpool

import (
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/store"
)

// naming says under which names the users of a pool are found. It is fixed when the pool is made and copied into each user,
// so that a user's index entries follow from the user alone.
type naming uint8

const (
	foldCase naming = 1 << iota // names compare without regard to case
	aliasEmail
	aliasPhone
	aliasPreferred
	nameIsEmail // the pool's users have no name of their own but an address, a number or either
	nameIsPhone
)

func (n naming) has(bit naming) bool { return n&bit != 0 }

// attributeNames reports whether users have no name of their own.
func (n naming) attributeNames() bool { return n.has(nameIsEmail | nameIsPhone) }

// fold returns the form under which names are compared.
func (n naming) fold(name string) string { return ident.Fold(name, !n.has(foldCase)) }

// userRecord is a user. Sub is the key: nothing refers to a user by name, names may pass to others (C4).
type userRecord struct {
	store.Meta
	Sub        string            `json:"s"`
	Username   string            `json:"u,omitempty"` // the stored spelling; empty if it is the Sub
	Naming     naming            `json:"n,omitempty"`
	Status     UserStatusType    `json:"st"`
	Disabled   bool              `json:"d,omitempty"`
	Attributes map[string]string `json:"a,omitempty"`  // without sub
	Pending    map[string]string `json:"pe,omitempty"` // new addresses that wait for their code (ATTR-053)
	Created    time.Time         `json:"c"`
	Modified   time.Time         `json:"m"`
	Password   *passwordRecord   `json:"p,omitempty"`
	Groups     []groupRef        `json:"g,omitempty"`
	Attempts   attempts          `json:"at,omitzero"`

	// CredentialEpoch rises with whatever makes an earlier proof worthless: password, factor, disable, reset. Sessions, secret
	// blocks and codes carry it. TokenEpoch rises with sign-out everywhere and disable; token families carry it (C4).
	CredentialEpoch int64     `json:"ce,omitempty"`
	TokenEpoch      int64     `json:"te,omitempty"`
	SignedOut       time.Time `json:"so,omitzero"` // when TokenEpoch last rose: kills tokens without a family

	MFAOptions []MFAOptionType `json:"mo,omitempty"` // legacy (USR-040)
	MFA        mfaSettings     `json:"mf,omitzero"`
	TOTP       *totpRecord     `json:"tt,omitempty"`
	Passkeys   []passkeyRecord `json:"pk,omitempty"` // in the order of creation
}

// passwordRecord is what is known of a password: an SRP verifier, sealed. There is no second hash (H13).
type passwordRecord struct {
	Salt    []byte    `json:"-"` // raw; one per user for life, so that a history check is one exponentiation
	Sealed  []byte    `json:"-"` // raw
	Set     time.Time `json:"t"`
	History [][]byte  `json:"h,omitempty"` // sealed verifiers of earlier passwords, newest first
}

// totpRecord is a user's software token.
type totpRecord struct {
	Sealed  []byte `json:"s,omitempty"` // the secret, once a code has verified it
	Name    string `json:"n,omitempty"` // FriendlyDeviceName
	Step    int64  `json:"l,omitempty"` // the time step whose code verified it, which signs nobody in any more (M2)
	Pending []byte `json:"p,omitempty"` // a sealed secret that no code has verified yet; the other one works meanwhile
}

// groupRef is a membership. The id decides; the name is for listings.
type groupRef struct {
	ID   string `json:"i"`
	Name string `json:"n"`
}

// attempts counts failed passwords (AUTH-441).
type attempts struct {
	Failed int       `json:"n"`
	Last   time.Time `json:"t"`
}

// name returns the user's internal username.
func (u *userRecord) name() string {
	if u.Username == "" {
		return u.Sub
	}
	return u.Username
}

// names returns every name that signs the user in, folded: the internal name, the sub, and the active aliases (AUTH-050).
// They share one unique index, so that nobody can take as a name what finds somebody else.
func (u *userRecord) names() []string {
	out := []string{u.Sub}
	if u.Username != "" {
		out = append(out, u.Naming.fold(u.Username))
	}
	add := func(attribute string, active bool) {
		if v := u.Attributes[attribute]; v != "" && active {
			out = append(out, u.Naming.fold(v))
		}
	}
	// In a pool whose users are named by address, an address counts from the first day, verified or not (AUTH-048). An alias
	// counts once it is verified, a preferred name at once (AUTH-051).
	add("email", u.Naming.has(nameIsEmail) || u.Naming.has(aliasEmail) && u.verified("email"))
	add("phone_number", u.Naming.has(nameIsPhone) || u.Naming.has(aliasPhone) && u.verified("phone_number"))
	add("preferred_username", u.Naming.has(aliasPreferred))
	return out
}

// verified reports whether the address in that attribute is verified.
func (u *userRecord) verified(attribute string) bool {
	return u.Attributes[attribute+"_verified"] == "true"
}

// searchable are the attributes that ListUsers searches, beside name, sub and the two states (USR-075).
var searchable = []string{"email", "phone_number", "name", "given_name", "family_name", "preferred_username"}

// The indexes of users. Values in indexAttribute are folded whatever the pool: searches ignore case (USR-078).
const (
	indexLogin     = "login"     // name, unique
	indexUsername  = "username"  // stored spelling, if it is not the sub
	indexState     = "state"     // "Enabled"/"Disabled"
	indexStatus    = "status"    // user status
	indexAttribute = "attribute" // attribute name, value
	indexGroup     = "group"     // group id
	indexPasskey   = "passkey"   // credential id, unique: a passkey is one user's
)

var users = store.NewKind("user", store.Kind[userRecord]{
	Key:    func(u *userRecord) []string { return []string{u.Sub} },
	Index:  userIndex,
	Cached: true,
	Raw: func(u *userRecord) []*[]byte {
		if u.Password == nil {
			return nil
		}
		return []*[]byte{&u.Password.Salt, &u.Password.Sealed}
	},
})

func userIndex(u *userRecord) []store.Index {
	out := make([]store.Index, 0, 10)
	seen := make(map[string]bool, 4)
	for _, n := range u.names() {
		if !seen[n] {
			seen[n] = true
			out = append(out, store.Index{Name: indexLogin, Value: []string{n}, Unique: true})
		}
	}
	if u.Username != "" {
		out = append(out, store.Index{Name: indexUsername, Value: []string{u.Username}})
	}
	out = append(out,
		store.Index{Name: indexState, Value: []string{u.state()}},
		store.Index{Name: indexStatus, Value: []string{string(u.Status)}})
	for _, a := range searchable {
		if v := u.Attributes[a]; v != "" {
			out = append(out, store.Index{Name: indexAttribute, Value: []string{a, ident.Fold(v, false)}})
		}
	}
	for _, g := range u.Groups {
		out = append(out, store.Index{Name: indexGroup, Value: []string{g.ID}})
	}
	for _, k := range u.Passkeys {
		out = append(out, store.Index{Name: indexPasskey, Value: []string{string(k.ID)}, Unique: true})
	}
	return out
}

// state returns the value that the filter "status" compares (USR-079).
func (u *userRecord) state() string {
	if u.Disabled {
		return "Disabled"
	}
	return "Enabled"
}

// clone returns a copy that can be changed and put back. Closures of Update may run twice: they change copies.
func (u *userRecord) clone() *userRecord {
	c := *u
	c.Attributes = cloneMap(u.Attributes)
	c.Pending = cloneMap(u.Pending)
	c.Groups = append([]groupRef(nil), u.Groups...)
	c.Passkeys = append([]passkeyRecord(nil), u.Passkeys...)
	if u.Password != nil {
		p := *u.Password
		p.History = append([][]byte(nil), u.Password.History...)
		c.Password = &p
	}
	if u.TOTP != nil {
		t := *u.TOTP
		c.TOTP = &t
	}
	return &c
}

func cloneMap(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// ghostRecord counts the attempts on a name that does not exist, so that it locks as a user does (C3, H7). It is found by an
// HMAC of the name.
type ghostRecord struct {
	store.Meta
	Key      string
	Attempts attempts
	Ends     time.Time
}

var ghosts = store.NewKind("ghost", store.Kind[ghostRecord]{
	Key:     func(g *ghostRecord) []string { return []string{g.Key} },
	Expires: func(g *ghostRecord) time.Time { return g.Ends },
})
