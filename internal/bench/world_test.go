package bench_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/message"
	"github.com/cenote-auth/cenote/store/driver"
	"github.com/cenote-auth/cenote/userpool"
)

const (
	password  = "Correct-Horse-9"
	smallPool = 1_000 // users in the pool that larger ones are compared with
)

var errRefused = errors.New("refused what was right")

// world is a service with one pool and one client.
type world struct {
	db             driver.DB
	users          *userpool.Service
	pool, clientID string
}

// newWorld makes a service over the store, and a pool in it.
func newWorld(ctx context.Context, db driver.DB, configure ...func(*userpool.Config)) (*world, error) {
	users, err := newService(db, configure...)
	if err != nil {
		return nil, err
	}
	w := &world{db: db, users: users}
	pool, err := users.CreateUserPool(ctx, &userpool.CreateUserPoolInput{PoolName: "bench"})
	if err != nil {
		return nil, err
	}
	w.pool = pool.UserPool.Id
	client, err := users.CreateUserPoolClient(ctx, &userpool.CreateUserPoolClientInput{
		UserPoolId: w.pool, ClientName: "bench", ExplicitAuthFlows: []userpool.ExplicitAuthFlowsType{
			userpool.ExplicitAuthFlowsTypeAllowUserSrpAuth, userpool.ExplicitAuthFlowsTypeAllowUserPasswordAuth,
			userpool.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	if err != nil {
		return nil, err
	}
	w.clientID = client.UserPoolClient.ClientId
	return w, nil
}

func newService(db driver.DB, configure ...func(*userpool.Config)) (*userpool.Service, error) {
	outbox := &message.Outbox{}
	c := userpool.Config{
		Store: db, MasterKeys: [][]byte{bytes.Repeat([]byte{7}, 32)}, Email: outbox, SMS: outbox, SigningKeys: testkeys.Make,
	}
	for _, f := range configure {
		f(&c)
	}
	return userpool.New(c)
}

// userName is the name of a user; all have the same length.
func userName(i int) string { return fmt.Sprintf("u%07d", i) }

func userEmail(i int) string { return userName(i) + "@example.com" }

// addUser makes a confirmed user with a password and returns the sub.
func (w *world) addUser(ctx context.Context, i int) (sub string, err error) {
	out, err := w.users.SignUp(ctx, &userpool.SignUpInput{
		ClientId: w.clientID, Username: userName(i), Password: password,
		UserAttributes: []userpool.AttributeType{{Name: "email", Value: userEmail(i)}},
	})
	if err != nil {
		return "", err
	}
	_, err = w.users.AdminConfirmSignUp(ctx, &userpool.AdminConfirmSignUpInput{UserPoolId: w.pool, Username: userName(i)})
	return out.UserSub, err
}

func (w *world) addUsers(ctx context.Context, n int) error {
	for i := range n {
		if _, err := w.addUser(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// loadPage is how many users one transaction of load inserts.
const loadPage = 5_000

// load fills the pool with n users. A million passwords would take minutes: the service makes one user, and the others are his
// record with another name, address and sub of the same lengths. They are as real for whatever does not check a password. It returns
// the pattern, who can sign in.
func (w *world) load(ctx context.Context, n int) (*pattern, error) {
	pattern, err := w.pattern(ctx)
	if err != nil {
		return nil, err
	}
	for from := 0; from < n; from += loadPage {
		err := w.db.Update(ctx, func(tx driver.Tx) error {
			for i := from; i < min(from+loadPage, n); i++ {
				if err := tx.Put(ctx, pattern.user(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("load users: %w", err)
		}
	}
	return pattern, nil
}

// pattern is a user's record as the service wrote it.
type pattern struct {
	record    driver.Record
	name, sub string
}

const patternUser = 9_999_999

// pattern has the service make a user, and catches the record on its way into the store.
func (w *world) pattern(ctx context.Context) (*pattern, error) {
	caught := &catcher{DB: w.db}
	users, err := newService(caught)
	if err != nil {
		return nil, err
	}
	through := &world{db: caught, users: users, pool: w.pool, clientID: w.clientID}
	sub, err := through.addUser(ctx, patternUser)
	return &pattern{record: caught.last, name: userName(patternUser), sub: sub}, err
}

// user returns the record of another user.
func (p *pattern) user(i int) driver.Record {
	digest := sha256.Sum256(fmt.Append(nil, i)) // spread out, as random ones are
	sub := uuid.UUID(digest[:16]).String()
	name := userName(i)
	own := func(text string) string {
		return strings.ReplaceAll(strings.ReplaceAll(text, p.name, name), p.sub, sub)
	}
	rec := p.record
	rec.Version = 0
	rec.Key = own(rec.Key)
	rec.Data = []byte(own(string(rec.Data)))
	rec.Index = make([]driver.Entry, len(p.record.Index))
	for j, e := range p.record.Index {
		e.Value = own(e.Value)
		rec.Index[j] = e
	}
	return rec
}

// catcher is a store that keeps the last user who was put into it.
type catcher struct {
	driver.DB
	last driver.Record
}

func (c *catcher) Update(ctx context.Context, fn func(driver.Tx) error) error {
	return c.DB.Update(ctx, func(tx driver.Tx) error { return fn(catcherTx{tx, c}) })
}

type catcherTx struct {
	driver.Tx
	c *catcher
}

func (t catcherTx) Put(ctx context.Context, rec driver.Record) error {
	if rec.Kind == "user" {
		t.c.last = rec
	}
	return t.Tx.Put(ctx, rec)
}
