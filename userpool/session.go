package userpool

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cenote-auth/cenote/internal/seal"
	"github.com/cenote-auth/cenote/store"
)

// session is the state of a sign-in between two steps. It travels with the caller, sealed under a short-lived key and bound to
// all that it was made for: nothing is stored until it is answered, and any node can go on (design: challenge sessions).
type session struct {
	ID      []byte            `json:"i"` // what the single use is recorded under
	Pool    string            `json:"p"`
	Client  string            `json:"c"`
	Ends    int64             `json:"x"` // Unix seconds
	Stored  bool              `json:"r,omitempty"`
	Sub     string            `json:"s,omitempty"`
	Ghost   string            `json:"g,omitempty"` // whom its name stands for if nobody has it, where that is hidden
	Epoch   int64             `json:"e,omitempty"` // the user's CredentialEpoch (C4)
	Install int64             `json:"n,omitempty"` // the installation's epoch (H18)
	Step    ChallengeNameType `json:"t,omitempty"` // the challenge that it waits for
	progress
	expectation
}

// expectation is what the answer to a challenge is held against.
type expectation struct {
	Code      []byte              `json:"h,omitempty"`  // MAC of the code that was sent
	Attribute string              `json:"at,omitempty"` // the attribute that received it
	Value     string              `json:"va,omitempty"` // the address that received it
	Choices   []ChallengeNameType `json:"ch,omitempty"` // what may be chosen
	Passkey   []byte              `json:"pk,omitempty"` // what a passkey is to sign
	Verify    bool                `json:"uv,omitempty"` // and that it is to verify its user
	Secret    []byte              `json:"tt,omitempty"` // of a software token that no code has verified yet
}

const (
	sessionIDSize    = 16
	maxSessionText   = 2048 // SessionType of the model
	maxSessionPlain  = 1400 // bytes; a longer state is stored, and the text only names it (H2)
	maxStoredSession = 256 << 10
	sessionPadding   = 128 // lengths are rounded up, so that they do not tell who exists or how he fares (H7)
)

// storedSession is the state of a session that does not fit into its text, sealed as it would be there.
type storedSession struct {
	store.Meta
	ID     []byte
	Sealed []byte
	Ends   time.Time
}

var storedSessions = store.NewKind("session", store.Kind[storedSession]{
	Key:     func(r *storedSession) []string { return []string{hex.EncodeToString(r.ID)} },
	Expires: func(r *storedSession) time.Time { return r.Ends },
})

// newSession returns a session for the next step of a sign-in. next is the user as the last step leaves him, or nil for a
// sign-in of nobody, whose session has the subject of a ghost. It lives for the client's AuthSessionValidity (AUTH-158).
func (s *Service) newSession(ctx context.Context, in signIn, next *userRecord, step ChallengeNameType) (session, error) {
	id := make([]byte, sessionIDSize)
	if _, err := io.ReadFull(s.rand, id); err != nil {
		return session{}, fmt.Errorf("make a session: %w", err)
	}
	v := session{
		ID: id, Pool: in.pool.id(), Client: in.client.id(), Sub: in.subject(), Install: s.vault.Epoch(), Step: step,
		Ends: s.store.Now().Add(in.client.sessionValidity()).Unix(), progress: in.progress,
	}
	if next != nil {
		v.Epoch = next.CredentialEpoch
	}
	if in.client.hides() {
		crypt, err := s.crypt(ctx, in.pool)
		if err != nil {
			return v, err
		}
		v.Ghost = in.ghostOf(crypt)
	}
	return v, nil
}

// sealSession returns the text that the caller brings back and, if the state is too long for it, the record that the Update of
// the step has to store.
func (s *Service) sealSession(ctx context.Context, v session) (string, *storedSession, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", nil, fmt.Errorf("encode a session: %w", err)
	}
	var stored *storedSession
	if len(plain) > maxSessionPlain {
		if len(plain) > maxStoredSession {
			return "", nil, fmt.Errorf("session of %d bytes", len(plain))
		}
		stored = &storedSession{ID: v.ID, Ends: time.Unix(v.Ends, 0).Add(time.Minute)}
		if stored.Sealed, err = s.vault.SealShort(ctx, "session", v.storedPlace(), plain); err != nil {
			return "", nil, err
		}
		if plain, err = json.Marshal(session{ID: v.ID, Pool: v.Pool, Client: v.Client, Ends: v.Ends, Stored: true}); err != nil {
			return "", nil, fmt.Errorf("encode a session: %w", err)
		}
	}
	sealed, err := s.vault.SealShort(ctx, "session", sessionTextPlace, padded(plain, v.slack()))
	if err != nil {
		return "", nil, err
	}
	text := base64.RawURLEncoding.EncodeToString(sealed)
	if len(text) > maxSessionText {
		return "", nil, fmt.Errorf("session of %d characters", len(text))
	}
	return text, stored, nil
}

// padded rounds the length of a JSON text up, with room for what others of its kind may be longer by.
func padded(plain []byte, slack int) []byte {
	n := max(len(plain), min(len(plain)+slack, maxSessionPlain))
	n += sessionPadding - n%sessionPadding
	return append(plain, bytes.Repeat([]byte{' '}, n-len(plain))...)
}

// slack is how much longer the session of another user, or of nobody, could be at the same step: by the digits of an epoch, and by
// the address of a code (H7).
func (v session) slack() int {
	const name, digits, address = len(`"e":,`), 10, 254
	n := name + digits
	if v.Epoch != 0 {
		n -= name + len(strconv.FormatInt(v.Epoch, 10))
	}
	if v.Value != "" {
		n += address - len(v.Value)
	}
	return n
}

// sessionTextPlace is the same for all sessions: some operations are told nothing but the text. Whom it was made for is in it.
var sessionTextPlace = seal.Place{Kind: "session", Field: "text"}

func sessionPlace(pool, client string) seal.Place {
	return seal.Place{Kind: "session", Key: store.Tuple(pool, client), Field: "session"}
}

func (v session) storedPlace() seal.Place {
	return seal.Place{Kind: "session", Key: store.Tuple(v.Pool, v.Client, string(v.ID)), Field: "state"}
}

// openSession opens a session that was made for this pool and client and is still alive. Whether it fits user and step is
// decided by fits, whether it was used before by the unique insert of its use.
func (s *Service) openSession(ctx context.Context, sc scope, text string) (session, error) {
	v, err := s.openText(ctx, text)
	if err != nil {
		return v, err
	}
	if v.Pool != sc.pool.id() || v.Client != sc.client.id() {
		return v, errSessionInvalid
	}
	return s.aliveSession(ctx, v)
}

// openText opens the text of a session, whomever it was made for.
func (s *Service) openText(ctx context.Context, text string) (session, error) {
	var v session
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder skips, and one session has one text
		return v, errSessionInvalid
	}
	plain, err := s.vault.OpenShort(ctx, "session", sessionTextPlace, sealed)
	if errors.Is(err, seal.ErrOpen) {
		return v, errSessionInvalid
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(plain, &v); err != nil {
		return v, errSessionInvalid.With(err)
	}
	return v, nil
}

// aliveSession returns a session with all its state, if its time is not over.
func (s *Service) aliveSession(ctx context.Context, v session) (session, error) {
	if s.store.Now().Unix() >= v.Ends {
		return v, errSessionExpired
	}
	if !v.Stored {
		return v, nil
	}
	return s.storedState(ctx, v)
}

// storedState reads the state that a session's text only names.
func (s *Service) storedState(ctx context.Context, v session) (session, error) {
	find := storedSessions.Of(v.Pool).Find(hex.EncodeToString(v.ID))
	if err := s.store.Read(ctx, find); err != nil {
		return v, err
	}
	if find.Got == nil {
		return v, errSessionInvalid
	}
	plain, err := s.vault.OpenShort(ctx, "session", v.storedPlace(), find.Got.Sealed)
	if err != nil {
		return v, err
	}
	var full session
	if err := json.Unmarshal(plain, &full); err != nil {
		return v, fmt.Errorf("decode a stored session: %w", err)
	}
	return full, nil
}

// fits reports whether the session may be answered for this user, in this state, with this challenge (C4, AUTH-160).
func (v session) fits(now scope, step ChallengeNameType, signed bool, install int64) bool {
	return v.Pool == now.pool.id() && v.Client == now.client.id() && v.Sub == now.subject() &&
		(now.user == nil || v.Epoch == now.user.CredentialEpoch) &&
		v.Step == step && v.Signed == signed && v.Install == install
}

// once is something single-use that a step uses up: a session, a secret block. Its use is a unique insert in the Update of its
// effect; again is what its second use answers.
type once struct {
	id    []byte
	ends  int64 // Unix seconds
	again error
	then  string // the session that it led to, if that may be answered with this one; see deviceSession
}

// use records the use, if there is something to use.
func (o *once) use(ctx context.Context, tx *store.Tx, p *poolRecord) error {
	if o == nil {
		return nil
	}
	return used.Of(p.id()).Put(ctx, tx, &usedRecord{ID: o.id, Ends: time.Unix(o.ends, 0).Add(time.Minute), Then: o.then})
}

// refuseUsed returns what a second use answers if this was used before. The unique insert decides; this finds the right text
// when something else has failed first, because the first use changed it.
func (s *Service) refuseUsed(ctx context.Context, p *poolRecord, o *once) error {
	if o == nil {
		return nil
	}
	find := used.Of(p.id()).Find(hex.EncodeToString(o.id))
	if err := s.store.Read(ctx, find); err != nil {
		return err
	}
	if find.Got != nil {
		return o.again
	}
	return nil
}

// usedBefore reports whether err is the second use of something single-use.
func usedBefore(err error) bool {
	c := store.AsConflict(err)
	return c != nil && c.Kind == used.Name()
}

// leadingTo returns the same use, with the session that it led to.
func (o *once) leadingTo(text string) *once {
	if o == nil {
		return nil
	}
	with := *o
	with.then = text
	return &with
}

// useKey is what the use of a session is recorded under.
func (v session) useKey() string { return hex.EncodeToString(v.ID) }

// useOf returns the use of a session.
func (v session) useOf() *once { return &once{id: v.ID, ends: v.Ends, again: errSessionUsed} }
