package userpool

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/internal/vault"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store"
	"github.com/cenote-auth/cenote/store/driver"
)

// messageRecord is a message that waits to be delivered. It is written in the Update that decided to send it, sealed, and
// deleted when it was delivered: a crash loses no code, and a slow mail server tells nobody who has an account (H12, H7).
type messageRecord struct {
	store.Meta
	ID     string
	Pool   string
	KeyID  string // the pool's data key
	Sealed []byte // an outgoing
	Due    time.Time
	Tries  int
	Ends   time.Time
}

const indexDue = "due"

var messages = store.NewKind("message", store.Kind[messageRecord]{
	Key: func(m *messageRecord) []string { return []string{m.ID} },
	Index: func(m *messageRecord) []store.Index {
		return []store.Index{{Name: indexDue, Value: []string{sortable(m.Due), m.ID}}}
	},
	Expires: func(m *messageRecord) time.Time { return m.Ends },
})

// sortable encodes a time so that byte order is time order.
func sortable(t time.Time) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(t.UnixNano())^1<<63))
}

// outgoing is what a message says and to whom.
type outgoing struct {
	PoolID           string
	ClientID         string
	Sub              string
	Kind             message.Kind
	Medium           DeliveryMediumType
	To               string
	From             string `json:",omitempty"` // of an e-mail, as are the next three
	ReplyTo          string `json:",omitempty"`
	ConfigurationSet string `json:",omitempty"`
	Subject          string
	Body             string
	Text             string `json:",omitempty"` // the same as plain text
	Code             string
	Link             string
	At               time.Time
	Nobody           bool                      `json:",omitempty"` // not to be sent: its addressee does not exist (H7)
	SNS              *message.SNS              `json:",omitempty"` // of a text message, or the next
	EUMS             *message.EndUserMessaging `json:",omitempty"`
	Sender           *senderCall               `json:",omitempty"` // the function that delivers it; there is no subject and body then
}

const (
	messageLife  = 24 * time.Hour
	messageLease = time.Minute // how long a node has to deliver before another one may try
	maxBackoff   = 30 * time.Minute
	deliverPage  = 32
)

// enqueue stores a message as part of the Update that decided to send it. wakeRunner is called after the commit.
// In the blind try of counted it takes it that nothing was sent to the address lately.
func (s *Service) enqueue(ctx context.Context, tx *store.Tx, p *poolRecord, c poolCrypt, m outgoing, blind bool) error {
	if max := s.cfg.limits.MessagesPerDestination; max >= 0 {
		if err := s.countBlind(ctx, tx, p, destinationKey(c, m.To), "message", max, blind); err != nil {
			return err
		}
	}
	m.fromPool(p)
	return s.queue(ctx, tx, p, c, m)
}

// queue is enqueue for a message that was counted already and knows its sender.
func (s *Service) queue(ctx context.Context, tx *store.Tx, p *poolRecord, c poolCrypt, m outgoing) error {
	id, err := ident.UUID(s.rand)
	if err != nil {
		return err
	}
	m.At = tx.Now()
	plain, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	sealed, err := c.seal(fieldMessage, id, plain)
	if err != nil {
		return err
	}
	return messages.Of(store.Installation).Put(ctx, tx, &messageRecord{
		ID: id, Pool: p.id(), KeyID: p.KeyID, Sealed: sealed, Due: tx.Now(), Ends: tx.Now().Add(messageLife),
	})
}

// Deliver sends the messages that are due and returns how many it sent. A message that cannot be sent is tried again later,
// for a day. Run calls it; a program without Run calls it after operations that send. It is safe to call from many nodes:
// each message is leased to one.
func (s *Service) Deliver(ctx context.Context) (int, error) {
	sent := 0
	var after driver.Cursor
	for {
		var due store.Page[messageRecord]
		err := s.store.View(ctx, func(r *store.Reader) (err error) {
			due, err = messages.Of(store.Installation).Scan(ctx, r, store.Query{Index: indexDue, Limit: deliverPage, After: after})
			return err
		})
		if err != nil {
			return sent, fmt.Errorf("find messages: %w", err)
		}
		if len(due.Records) == 0 && due.Next != "" { // expired ones that nobody has swept yet
			after = due.Next
			continue
		}
		progress := false
		for _, m := range due.Records {
			if m.Due.After(s.store.Now()) {
				return sent, nil
			}
			leased, err := s.lease(ctx, m)
			if err != nil {
				return sent, err
			}
			if leased == nil {
				continue
			}
			progress = true
			ok, err := s.deliverOne(ctx, leased)
			if err != nil {
				return sent, err
			}
			if ok {
				sent++
			}
		}
		if !progress {
			return sent, nil
		}
	}
}

// lease takes a message for this node, or returns nil if another one has it.
func (s *Service) lease(ctx context.Context, m *messageRecord) (*messageRecord, error) {
	taken := *m
	taken.Due, taken.Tries = s.store.Now().Add(messageLease), m.Tries+1
	err := s.store.Update(ctx, func(tx *store.Tx) error { return messages.Of(store.Installation).Put(ctx, tx, &taken) })
	if errors.Is(err, store.ErrStale) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lease a message: %w", err)
	}
	taken.Version++
	return &taken, nil
}

// deliverOne sends a leased message and deletes it, or puts it off.
func (s *Service) deliverOne(ctx context.Context, m *messageRecord) (bool, error) {
	table := messages.Of(store.Installation)
	err := s.sendSealed(ctx, m)
	if err == nil {
		err := s.store.Update(ctx, func(tx *store.Tx) error { return table.Remove(ctx, tx, m.ID) })
		if err != nil {
			return true, fmt.Errorf("delete a delivered message: %w", err)
		}
		return true, nil
	}
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if errors.Is(err, errNobody) {
		return false, s.store.Update(ctx, func(tx *store.Tx) error { return table.Remove(ctx, tx, m.ID) })
	}
	if errors.Is(err, message.ErrRefused) || errors.Is(err, vault.ErrNoKey) { // no use to try again
		s.cfg.logger.ErrorContext(ctx, "message was given up", "pool", m.Pool, "err", err)
		return false, s.store.Update(ctx, func(tx *store.Tx) error { return table.Remove(ctx, tx, m.ID) })
	}
	s.cfg.logger.WarnContext(ctx, "message was not delivered", "pool", m.Pool, "tries", m.Tries, "err", err)
	m.Due = s.store.Now().Add(min(time.Second<<min(m.Tries, 20), maxBackoff))
	err = s.store.Update(ctx, func(tx *store.Tx) error { return table.Put(ctx, tx, m) })
	if err != nil && !errors.Is(err, store.ErrStale) {
		return false, fmt.Errorf("put off a message: %w", err)
	}
	return false, nil
}

// sendSealed opens a message and hands it to the sender of its medium.
func (s *Service) sendSealed(ctx context.Context, m *messageRecord) error {
	key, err := s.vault.Key(ctx, m.KeyID)
	if err != nil {
		return err
	}
	plain, err := poolCrypt{s.rand, key}.open(fieldMessage, m.ID, m.Sealed)
	if err != nil {
		return err
	}
	var o outgoing
	if err := json.Unmarshal(plain, &o); err != nil {
		return fmt.Errorf("decode a message: %w", err)
	}
	if o.Nobody {
		return errNobody
	}
	return s.send(ctx, m.ID, o)
}

// errNobody ends the delivery of a message that was written for the cost of it.
var errNobody = errors.New("to nobody")

// wakeRunner lets Run look for messages at once instead of at its next round.
func (s *Service) wakeRunner() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
