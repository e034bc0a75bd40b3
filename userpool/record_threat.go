package userpool

import (
	"time"

	"github.com/cenote-auth/cenote/risk"
	"github.com/cenote-auth/cenote/store"
)

// riskRecord is what threat protection does in a pool, or for one client. Once read it is shared: nobody changes one. It has a kind
// of its own so that only who uses it reads it: its texts can be long.
type riskRecord struct {
	store.Meta
	ClientID string `json:",omitempty"` // empty is the pool's
	Serial   string `json:",omitempty"` // of the client
	Settings RiskConfigurationType
}

var riskConfigs = store.NewKind("riskconfig", store.Kind[riskRecord]{
	Key:    func(r *riskRecord) []string { return riskKey(r.ClientID) },
	Cached: true,
})

// riskKey is the key of the pool's record, or of a client's.
func riskKey(clientID string) []string {
	if clientID == "" {
		return []string{"pool"}
	}
	return []string{"client", clientID}
}

// authEvent is something that a user did or that was done in his name (AUTH-569). It is written in the Update of the step that it
// tells of.
type authEvent struct {
	store.Meta
	ID          string                  `json:"i"` // the event_id of the tokens that came of it
	Sub         string                  `json:"s"`
	ClientID    string                  `json:"cl,omitempty"`
	Kind        EventType               `json:"k"`
	At          time.Time               `json:"t"`
	Response    EventResponseType       `json:"r"`
	Level       risk.Level              `json:"l,omitempty"`
	Decision    RiskDecisionType        `json:"d"`
	Compromised bool                    `json:"c,omitempty"`
	Challenges  []ChallengeResponseType `json:"ch,omitempty"`
	IP          string                  `json:"ip,omitempty"`
	Device      string                  `json:"dn,omitempty"`
	Place       risk.Place              `json:"p,omitzero"`
	Feedback    FeedbackValueType       `json:"f,omitempty"`
	FeedbackBy  string                  `json:"fb,omitempty"`
	FeedbackAt  time.Time               `json:"ft,omitzero"`
	Ends        time.Time               `json:"e"`
}

// The indexes of events. What is lasting is not pushed out of an assessor's sight by whoever fails often.
const (
	indexEvent   = "event"   // id, unique
	indexLasting = "lasting" // sub, time, id of what succeeded or was judged
)

// The key has the time in the middle: read backwards it is a user's events, newest first.
var authEvents = store.NewKind("authevent", store.Kind[authEvent]{
	Key: func(e *authEvent) []string { return []string{e.Sub, sortable(e.At), e.ID} },
	Index: func(e *authEvent) []store.Index {
		out := []store.Index{{Name: indexEvent, Value: []string{e.ID}, Unique: true}}
		if e.lasting() {
			out = append(out, store.Index{Name: indexLasting, Value: []string{e.Sub, sortable(e.At), e.ID}})
		}
		return out
	},
	Expires: func(e *authEvent) time.Time { return e.Ends },
})

// formerUser is somebody who was deleted and whose events are still to be removed. Nobody finds them already.
type formerUser struct {
	store.Meta
	Pool string
	Sub  string
}

var formerUsers = store.NewKind("formeruser", store.Kind[formerUser]{
	Key: func(f *formerUser) []string { return []string{f.Pool, f.Sub} },
})

// lasting reports whether the event is in indexLasting.
func (e *authEvent) lasting() bool {
	return e.Feedback != "" || e.Response == EventResponseTypePass && (e.Kind == EventTypeSignIn || e.Kind == EventTypeSignUp)
}
