package model_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/cenote-auth/cenote/identitypool"
	cognitosync "github.com/cenote-auth/cenote/sync"
	"github.com/cenote-auth/cenote/userpool"
)

// pages answers three pages of two users, and counts.
func pages(calls *[]userpool.ListUsersInput) func(context.Context, *userpool.ListUsersInput) (*userpool.ListUsersOutput, error) {
	return func(_ context.Context, in *userpool.ListUsersInput) (*userpool.ListUsersOutput, error) {
		*calls = append(*calls, *in)
		n, _ := strconv.Atoi(in.PaginationToken)
		out := &userpool.ListUsersOutput{Users: []userpool.UserType{{Username: "a" + in.PaginationToken}, {Username: "b" + in.PaginationToken}}}
		if n < 2 {
			out.PaginationToken = strconv.Itoa(n + 1)
		}
		return out, nil
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	var calls []userpool.ListUsersInput
	in := &userpool.ListUsersInput{UserPoolId: "p", Filter: "f"}
	var names []string
	for u, err := range userpool.All(t.Context(), pages(&calls), in) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, u.Username)
	}
	if want := []string{"a", "b", "a1", "b1", "a2", "b2"}; !slices.Equal(names, want) {
		t.Errorf("got %v", names)
	}
	if len(calls) != 3 || calls[2].Filter != "f" || calls[2].PaginationToken != "2" || in.PaginationToken != "" {
		t.Errorf("calls %v, input afterwards %v", calls, in)
	}
}

func TestAllStopsWhenAsked(t *testing.T) {
	t.Parallel()
	var calls []userpool.ListUsersInput
	for range userpool.All(t.Context(), pages(&calls), &userpool.ListUsersInput{}) {
		break
	}
	if len(calls) != 1 {
		t.Errorf("made %d calls", len(calls))
	}
}

func TestAllEndsWithAnError(t *testing.T) {
	t.Parallel()
	list := func(context.Context, *userpool.AdminListDevicesInput) (*userpool.AdminListDevicesOutput, error) {
		return nil, userpool.ErrUserNotFound.New("User does not exist.")
	}
	n := 0
	for d, err := range userpool.All(t.Context(), list, nil) {
		if n++; !errors.Is(err, userpool.ErrUserNotFound) || d.DeviceKey != "" {
			t.Errorf("got %v, %v", d, err)
		}
	}
	if n != 1 {
		t.Errorf("yielded %d times", n)
	}
}

// The item's type follows from the operation, for every form of list.
func TestAllInfersItems(t *testing.T) {
	t.Parallel()
	identities, err := identitypool.New(identitypool.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sync, err := cognitosync.New(cognitosync.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for pool, err := range identitypool.All(t.Context(), identities.ListIdentityPools, &identitypool.ListIdentityPoolsInput{}) {
		var _ identitypool.IdentityPoolShortDescription = pool
		if err == nil {
			t.Error("MaxResults is required")
		}
	}
	for user, err := range identitypool.All(t.Context(), identities.LookupDeveloperIdentity, &identitypool.LookupDeveloperIdentityInput{}) {
		var _ string = user
		if err == nil {
			t.Error("IdentityPoolId is required")
		}
	}
	for record, err := range cognitosync.All(t.Context(), sync.ListRecords, &cognitosync.ListRecordsInput{}) {
		var _ cognitosync.Record = record
		if err == nil {
			t.Error("IdentityPoolId is required")
		}
	}
}
