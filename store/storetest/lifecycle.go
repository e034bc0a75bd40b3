package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/cenote-auth/cenote/store/driver"
)

var lifecycle = []entry{
	{"a cancelled context", testCancelled},
	{"a context that ends inside", testCancelledInside},
	{"waiting for a writer ends with the context", testWaitEnds},
	{"a panic rolls back", testPanic},
	{"nothing works after Close", testClosed},
}

func testCancelled(t *testing.T, db driver.DB) {
	put(t, db, record("user", "k"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, readErr := db.Read(ctx, byKey("user", "k"))
	for call, err := range map[string]error{
		"Read":   readErr,
		"View":   db.View(ctx, func(r driver.Reader) error { _, err := r.Get(ctx, byKey("user", "k")); return err }),
		"Update": tryPut(ctx, db, record("user", "l")),
		"Delete": tryDelete(ctx, db, "user", "k", 0),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s returned %v, want context.Canceled", call, err)
		}
	}
	if n := count(t, db, driver.Range{Kind: "user"}); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

// testCancelledInside ends the context between the writes and the commit: nothing is written, and the next writer gets in.
func testCancelledInside(t *testing.T, db driver.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx driver.Tx) error {
		err := tx.Put(ctx, record("user", "k"))
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update returned %v, want context.Canceled", err)
	}
	put(t, db, record("user", "k"))
}

// testWaitEnds lets a second writer wait for a first one that holds what both want, and ends the second one's context. On an
// engine where it need not wait it succeeds.
func testWaitEnds(t *testing.T, db driver.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	put(t, db, record("user", "k"))
	holding, done := make(chan struct{}, 100), make(chan struct{})
	var first error
	go func() {
		defer close(done)
		first = db.Update(t.Context(), func(tx driver.Tx) error {
			err := tx.Delete(t.Context(), "user", "k", 0)
			holding <- struct{}{}
			<-ctx.Done()
			return err
		})
	}()
	<-holding
	waiting := make(chan error, 1)
	go func() { waiting <- tryDelete(ctx, db, "user", "k", 0) }()
	cancel()
	if err := <-waiting; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who waited got %v, want context.Canceled", err)
	}
	if <-done; first != nil {
		t.Errorf("who was waited for got %v", first)
	}
	if n := count(t, db, driver.Range{Kind: "user"}); n != 0 {
		t.Errorf("%d records, want none", n)
	}
}

func testPanic(t *testing.T, db driver.DB) {
	ctx := t.Context()
	for call, run := range map[string]func(){
		"View": func() { _ = db.View(ctx, func(driver.Reader) error { panic("mine") }) },
		"Update": func() {
			_ = db.Update(ctx, func(tx driver.Tx) error {
				_ = tx.Put(ctx, record("user", "k"))
				panic("mine")
			})
		},
	} {
		func() {
			defer func() {
				if p := recover(); p != "mine" {
					t.Errorf("%s: recovered %v, want the closure's panic", call, p)
				}
			}()
			run()
		}()
	}
	put(t, db, record("user", "k")) // the writer's turn is free, the record is not there
}

func testClosed(t *testing.T, db driver.DB) {
	ctx := t.Context()
	put(t, db, record("user", "k"))
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	_, readErr := db.Read(ctx, byKey("user", "k"))
	for call, err := range map[string]error{
		"Read":   readErr,
		"View":   db.View(ctx, func(r driver.Reader) error { _, err := r.Get(ctx, byKey("user", "k")); return err }),
		"Update": tryPut(ctx, db, record("user", "l")),
	} {
		if err == nil {
			t.Errorf("%s works after Close", call)
		}
	}
	_ = db.Close() // again: may be an error, must not panic
}
