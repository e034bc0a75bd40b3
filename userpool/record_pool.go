package userpool

import (
	"time"

	"github.com/cenote-auth/cenote/store"
)

// poolRecord is a user pool. It is decoded once and shared: nobody changes one that was read.
type poolRecord struct {
	store.Meta
	Settings UserPoolType // what DescribeUserPool tells, without what is counted
	Schema   []SchemaAttributeType
	MFA      poolMFA `json:",omitzero"`
	Naming   naming
	Fold     int          // version of ident.Fold that the index entries were made under
	KeyID    string       // the pool's data key
	Deleting bool         // marked: refuses everything while a job deletes what it holds
	Tracking poolTracking `json:",omitzero"`
	Devices  bool         `json:",omitempty"` // tracks devices, or did once
	Replica  *poolReplica `json:",omitempty"` // the secondary one
}

// poolMFA is what SetUserPoolMfaConfig sets beside MfaConfiguration (AUTH-301). What text messages need is in Settings, where it
// serves other messages as well.
type poolMFA struct {
	SMS      bool                        `json:",omitempty"`
	TOTP     *SoftwareTokenMfaConfigType `json:",omitempty"`
	Email    *EmailMfaConfigType         `json:",omitempty"`
	WebAuthn *WebAuthnConfigurationType  `json:",omitempty"`
}

func (p *poolRecord) id() string { return p.Settings.Id }

var pools = store.NewKind("pool", store.Kind[poolRecord]{
	Key: func(p *poolRecord) []string { return []string{p.Settings.Id} },
	Index: func(p *poolRecord) []store.Index {
		if p.Deleting {
			return []store.Index{{Name: indexDeleting, Value: []string{p.Settings.Id}}}
		}
		live := store.Index{Name: indexLive, Value: []string{p.Settings.Id}}
		if p.Replica.moving() {
			return []store.Index{live, {Name: indexMoving, Value: []string{p.Settings.Id}}}
		}
		return []store.Index{live}
	},
	Cached: true,
})

// The indexes of pools: a pool is in exactly one of the first two, and in the last while its replica is made or deleted.
const (
	indexLive     = "live"
	indexDeleting = "deleting"
	indexMoving   = "moving"
)

// clientRecord is an app client. Client ids are unique in an installation: public operations name a client and no pool.
type clientRecord struct {
	store.Meta
	Settings UserPoolClientType // without the secret
	Secrets  []clientSecret     // at most two; none is a public client
	Serial   string             // tells it from a client that had the id before: what that one issued is not this one's
	SSO      *int32             `json:",omitempty"` // minutes for which it reuses an SSO session; nil is the default (NEW-021)
}

// clientSecret is one secret of a client, sealed under the pool's key.
type clientSecret struct {
	ID      string
	Sealed  []byte
	Created time.Time
}

func (c *clientRecord) id() string     { return c.Settings.ClientId }
func (c *clientRecord) poolID() string { return c.Settings.UserPoolId }

var clients = store.NewKind("client", store.Kind[clientRecord]{
	Key: func(c *clientRecord) []string { return []string{c.Settings.ClientId} },
	Index: func(c *clientRecord) []store.Index {
		return []store.Index{{Name: indexPool, Value: []string{c.Settings.UserPoolId, c.Settings.ClientId}}}
	},
	Cached: true,
})

// groupRecord is a group. Users refer to it by ID, so that a group made again under an old name starts empty.
type groupRecord struct {
	store.Meta
	ID          string
	Name        string
	Description string `json:",omitempty"`
	RoleArn     string `json:",omitempty"`
	Precedence  *int32 `json:",omitempty"`
	Created     time.Time
	Modified    time.Time
}

var groups = store.NewKind("group", store.Kind[groupRecord]{
	Key: func(g *groupRecord) []string { return []string{g.Name} },
})

// deletedGroup is a group that was deleted and whose memberships are still to be removed. They count for nothing already.
type deletedGroup struct {
	store.Meta
	Pool string
	ID   string
}

var deletedGroups = store.NewKind("deletedgroup", store.Kind[deletedGroup]{
	Key: func(g *deletedGroup) []string { return []string{g.Pool, g.ID} },
})

// indexPool lists the clients of a pool.
const indexPool = "pool"
