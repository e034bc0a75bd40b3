package userpool

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	Sub     string            `json:"s"`
	Epoch   int64             `json:"e"`           // the user's CredentialEpoch (C4)
	Install int64             `json:"n,omitempty"` // the installation's epoch (H18)
	Flow    AuthFlowType      `json:"f"`
	Step    ChallengeNameType `json:"t"`           // the challenge that it waits for
	Signed  bool              `json:"a,omitempty"` // begun by AdminInitiateAuth: only its twin may go on (AUTH-164)
	Event   string            `json:"v"`           // event_id of the sign-in
	Device  string            `json:"d,omitempty"`
	Ends    int64             `json:"x"` // Unix seconds
}

const (
	sessionIDSize  = 16
	maxSessionText = 2048 // SessionType of the model
)

// newSession returns a session for the next step of a sign-in. It lives for the client's AuthSessionValidity (AUTH-158). A
// sign-in of nobody, under a name that does not exist, has the session of a ghost.
func (s *Service) newSession(in signIn, step ChallengeNameType) (session, error) {
	id := make([]byte, sessionIDSize)
	if _, err := io.ReadFull(s.rand, id); err != nil {
		return session{}, fmt.Errorf("make a session: %w", err)
	}
	v := session{
		ID: id, Pool: in.pool.id(), Client: in.client.id(), Install: s.vault.Epoch(), Flow: in.flow, Step: step, Signed: in.signed,
		Event: in.event, Device: in.device, Ends: s.store.Now().Add(in.client.sessionValidity()).Unix(),
	}
	if v.Sub = in.subject(); in.user != nil {
		v.Epoch = in.user.CredentialEpoch
	}
	return v, nil
}

// sealSession returns the text that the caller brings back.
func (s *Service) sealSession(ctx context.Context, v session) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode a session: %w", err)
	}
	sealed, err := s.vault.SealShort(ctx, "session", sessionPlace(v.Pool, v.Client), plain)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(sealed)
	if len(text) > maxSessionText {
		return "", fmt.Errorf("session of %d characters", len(text))
	}
	return text, nil
}

func sessionPlace(pool, client string) seal.Place {
	return seal.Place{Kind: "session", Key: store.Tuple(pool, client), Field: "session"}
}

// openSession opens a session that was made for this pool and client and is still alive. Whether it fits user and step is
// decided by fits, whether it was used before by useSession.
func (s *Service) openSession(ctx context.Context, sc scope, text string) (session, error) {
	var v session
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(sealed) != text { // one session has one text
		return v, errSessionInvalid
	}
	plain, err := s.vault.OpenShort(ctx, "session", sessionPlace(sc.pool.id(), sc.client.id()), sealed)
	if errors.Is(err, seal.ErrOpen) {
		return v, errSessionInvalid
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(plain, &v); err != nil {
		return v, errSessionInvalid.With(err)
	}
	if s.store.Now().Unix() >= v.Ends {
		return v, errSessionExpired
	}
	return v, nil
}

// fits reports whether the session may be answered for this user, in this state, with this challenge (C4, AUTH-160).
func (v session) fits(now scope, step ChallengeNameType, signed bool, install int64) bool {
	return v.Pool == now.pool.id() && v.Client == now.client.id() &&
		now.user != nil && v.Sub == now.user.Sub && v.Epoch == now.user.CredentialEpoch &&
		v.Step == step && v.Signed == signed && v.Install == install
}

// once is something single-use that a step uses up: a session, a secret block. Its use is a unique insert in the Update of its
// effect; again is what its second use answers.
type once struct {
	id    []byte
	ends  int64 // Unix seconds
	again error
}

// use records the use, if there is something to use.
func (o *once) use(ctx context.Context, tx *store.Tx, p *poolRecord) error {
	if o == nil {
		return nil
	}
	return used.Of(p.id()).Put(ctx, tx, &usedRecord{ID: o.id, Ends: time.Unix(o.ends, 0).Add(time.Minute)})
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

// useOf returns the use of a session.
func (v session) useOf() *once { return &once{id: v.ID, ends: v.Ends, again: errSessionUsed} }
