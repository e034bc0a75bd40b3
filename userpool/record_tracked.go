package userpool

import (
	"cmp"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/store"
)

// activity is what is remembered of a session: where it is, as of when it was last used (NEW-049…054). Addresses are personal
// data: they are kept here and nowhere else, and go with the record.
type activity struct {
	Created time.Time
	Active  time.Time
	Device  string `json:",omitempty"`
	Address string `json:",omitempty"`
	City    string `json:",omitempty"`
	Country string `json:",omitempty"`
}

// stamp is the time of the last use as an index sorts it.
func (a *activity) stamp() string { return a.Active.UTC().Format("20060102T150405.000000000") }

// tokenSession is the session of a token family, one for one (NEW-031).
type tokenSession struct {
	activity
	Run    int64  // of the pool's tracking, see poolTracking
	Origin string `json:",omitempty"` // the SSO session that it came through (NEW-033)
}

// ssoRecord is an SSO session: a browser, at all clients of the pool (NEW-031). Its cookie names it.
type ssoRecord struct {
	store.Meta
	activity
	ID         string // "sso" and 25 letters or digits
	ClientID   string // of the sign-in that made it
	Sub        string
	TokenEpoch int64     // the user's when it began
	Epoch      int64     // the installation's
	Run        int64     // of the pool's tracking
	Fresh      time.Time // when the user last gave credentials in it (NEW-042)
	Ends       time.Time
}

var ssoSessions = store.NewKind("sso", store.Kind[ssoRecord]{
	Key: func(v *ssoRecord) []string { return []string{v.ID} },
	Index: func(v *ssoRecord) []store.Index {
		return []store.Index{{Name: indexSession, Value: append(sessionsOf(v.Sub, v.Run, v.TokenEpoch, v.Epoch), v.stamp())}}
	},
	Expires: func(v *ssoRecord) time.Time { return v.Ends },
})

// sessionsOf is under what the sessions of a user are listed. What ends all of them at once is part of it: signing out, switching
// tracking off and on again, a restore. So none of these has to look for them (H3).
func sessionsOf(sub string, run, tokenEpoch, install int64) []string {
	return []string{sub, fmt.Sprintf("%d.%d.%d", run, tokenEpoch, install)}
}

// poolTracking says whether and how a pool tracks sessions (NEW-011…017).
type poolTracking struct {
	On  bool  `json:",omitempty"`
	Max int32 `json:",omitempty"` // token sessions of one user; 0 is the default
	Run int64 `json:",omitempty"` // how often it was switched on: sessions of an earlier run are none any more
}

const (
	defaultMaxSessions = 20  // NEW-012
	maxTokenSessions   = 100 // NEW-014
	maxSSOSessions     = 25  // NEW-039 (unconfirmed)
)

func (t poolTracking) max() int { return int(cmp.Or(t.Max, defaultMaxSessions)) }

// of returns the session of a family, or nil if it has none: because it began without, or tracking was switched off since
// (NEW-017, NEW-018).
func (t poolTracking) of(f *familyRecord) *tokenSession {
	if !t.On || f.Session == nil || f.Session.Run != t.Run || f.Revoked {
		return nil
	}
	return f.Session
}
