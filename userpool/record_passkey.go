package userpool

import (
	"time"

	"github.com/cenote-auth/cenote/store"
)

// passkeyRecord is a passkey, as part of its user. The key is a public one: there is nothing to seal.
type passkeyRecord struct {
	ID         []byte    `json:"i"`
	Key        []byte    `json:"k"` // COSE
	Count      uint32    `json:"n,omitempty"`
	Name       string    `json:"f"` // for people
	RPID       string    `json:"r"`
	Attachment string    `json:"a,omitempty"` // "platform", "cross-platform" or not told
	Transports []string  `json:"t,omitempty"`
	Verified   bool      `json:"uv,omitempty"` // the user was verified when it was made
	Eligible   bool      `json:"be,omitempty"` // may be backed up; never changes
	BackedUp   bool      `json:"bs,omitempty"`
	Serial     int       `json:"s"` // rises in the order of creation: where a page of a list begins
	Created    time.Time `json:"c"`
}

// passkeyChallenge is a registration that was begun. A user has at most one; a newer one replaces it.
type passkeyChallenge struct {
	store.Meta
	Sub       string
	Challenge []byte
	ClientID  string
	Serial    string // of the client
	RPID      string
	Verify    bool  `json:",omitempty"` // the options demanded that the user be verified
	Epoch     int64 // the user's CredentialEpoch when it was made (C4)
	Ends      time.Time
}

var passkeyChallenges = store.NewKind("passkeychallenge", store.Kind[passkeyChallenge]{
	Key:     func(c *passkeyChallenge) []string { return []string{c.Sub} },
	Expires: func(c *passkeyChallenge) time.Time { return c.Ends },
})
