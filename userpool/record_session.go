package userpool

import (
	"encoding/hex"
	"time"

	"github.com/cenote-auth/cenote/store"
)

// familyRecord is the truth behind a refresh token and everything issued from it: the tokens are envelopes (C5). Its ID is
// the origin_jti of its tokens.
type familyRecord struct {
	store.Meta
	ID         string
	ClientID   string
	Serial     string // of the client
	Sub        string
	TokenEpoch int64 // the user's when the family began
	Epoch      int64 // the installation's
	AuthTime   time.Time
	EventID    string
	DeviceKey  string   `json:",omitempty"`
	ACR        string   `json:",omitempty"` // the claims that tell how the user signed in (NEW-099)
	AMR        []string `json:",omitempty"`
	Scope      string   // of the access tokens; a refresh never widens it (H3)
	Generation int64
	Token      []byte    // SHA-256 of the current refresh token
	Revoked    bool      `json:",omitempty"`
	Refreshes  bool      // false: no refresh token was ever given out
	RefreshEnd time.Time // when the refresh token ends; a rotation does not move it (AUTH-513)
	Ends       time.Time // when the last of its tokens has ended

	// While the grace period of a rotation lasts, whoever uses a former token gets the current one (H3).
	Formers   []formerToken `json:",omitempty"` // the last one, and those whose grace period lasts; newest first
	Successor []byte        `json:",omitempty"` // the current token, sealed

	Session *tokenSession `json:",omitempty"` // if the pool tracked sessions when the family began
}

// The indexes of families.
const (
	indexToken   = "token"   // SHA-256 of a refresh token
	indexSession = "session" // whose session it is, and when that was last active; see sessionsOf
)

var families = store.NewKind("family", store.Kind[familyRecord]{
	Key: func(f *familyRecord) []string { return []string{f.ID} },
	Index: func(f *familyRecord) []store.Index {
		var out []store.Index
		if len(f.Token) > 0 {
			out = append(out, store.Index{Name: indexToken, Value: []string{string(f.Token)}})
		}
		for _, t := range f.Formers {
			out = append(out, store.Index{Name: indexToken, Value: []string{string(t.Sum)}})
		}
		if x := f.Session; x != nil {
			out = append(out, store.Index{Name: indexSession, Value: append(sessionsOf(f.Sub, x.Run, f.TokenEpoch, f.Epoch), x.stamp())})
		}
		return out
	},
	Expires: func(f *familyRecord) time.Time { return f.Ends },
})

// usedRecord says that something single-use was used: a session, a secret block. Its insert is unique, in the same Update as
// the effect.
type usedRecord struct {
	store.Meta
	ID   []byte
	Ends time.Time
	Then string `json:",omitempty"` // the text of the session that it led to, where a client may answer with the former one
}

var used = store.NewKind("used", store.Kind[usedRecord]{
	Key:     func(u *usedRecord) []string { return []string{hex.EncodeToString(u.ID)} },
	Expires: func(u *usedRecord) time.Time { return u.Ends },
})

// codeRecord is a confirmation code that was sent: a MAC of it, what it is good for and how often it was guessed.
type codeRecord struct {
	store.Meta
	Sub       string
	Purpose   codePurpose
	MAC       []byte
	Attribute string `json:",omitempty"` // the attribute that received it
	Value     string `json:",omitempty"` // the address that received it
	Epoch     int64  // the user's CredentialEpoch when it was made (C4)
	Install   int64  `json:",omitempty"` // the installation's epoch (H18)
	Wrong     int    `json:",omitempty"`
	Ends      time.Time
}

var codes = store.NewKind("code", store.Kind[codeRecord]{
	Key:     func(c *codeRecord) []string { return []string{c.Sub, string(c.Purpose)} },
	Expires: func(c *codeRecord) time.Time { return c.Ends },
})

// limitRecord remembers when a subject did something that may be done so often an hour (QUO-010).
type limitRecord struct {
	store.Meta
	Subject string
	What    string
	Times   []time.Time
	Ends    time.Time
}

var limits = store.NewKind("limit", store.Kind[limitRecord]{
	Key:     func(l *limitRecord) []string { return []string{l.Subject, l.What} },
	Expires: func(l *limitRecord) time.Time { return l.Ends },
})
