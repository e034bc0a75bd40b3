package userpool_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// group makes a group; the functions change what it is made with.
func (a app) group(name string, change ...func(*userpool.CreateGroupInput)) *userpool.GroupType {
	a.t.Helper()
	in := &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: name}
	for _, f := range change {
		f(in)
	}
	out, err := a.CreateGroup(a.t.Context(), in)
	if err != nil {
		a.t.Fatalf("create group %s: %v", name, err)
	}
	return out.Group
}

func ranked(precedence int32, role string) func(*userpool.CreateGroupInput) {
	return func(in *userpool.CreateGroupInput) { in.Precedence, in.RoleArn = new(precedence), role }
}

func (a app) tryJoin(user, group string) error {
	_, err := a.AdminAddUserToGroup(a.t.Context(), &userpool.AdminAddUserToGroupInput{UserPoolId: a.pool, Username: user, GroupName: group})
	return err
}

func (a app) join(user string, groups ...string) {
	a.t.Helper()
	for _, g := range groups {
		if err := a.tryJoin(user, g); err != nil {
			a.t.Fatalf("add %s to %s: %v", user, g, err)
		}
	}
}

func (a app) tryLeave(user, group string) error {
	_, err := a.AdminRemoveUserFromGroup(a.t.Context(), &userpool.AdminRemoveUserFromGroupInput{
		UserPoolId: a.pool, Username: user, GroupName: group,
	})
	return err
}

func (a app) deleteGroup(name string) {
	a.t.Helper()
	_, err := a.DeleteGroup(a.t.Context(), &userpool.DeleteGroupInput{UserPoolId: a.pool, GroupName: name})
	check(a.t, err)
}

// members returns who is in a group, by name.
func (a app) members(group string) []string {
	a.t.Helper()
	var out []string
	for u, err := range userpool.All(a.t.Context(), a.ListUsersInGroup, &userpool.ListUsersInGroupInput{
		UserPoolId: a.pool, GroupName: group, Limit: new(int32(2)),
	}) {
		check(a.t, err)
		out = append(out, u.Username)
	}
	slices.Sort(out)
	return out
}

// groupsOf returns the groups of a user, in the order of the answer.
func (a app) groupsOf(user string) []string {
	a.t.Helper()
	var out []string
	for g, err := range userpool.All(a.t.Context(), a.AdminListGroupsForUser, &userpool.AdminListGroupsForUserInput{
		UserPoolId: a.pool, Username: user, Limit: new(int32(2)),
	}) {
		check(a.t, err)
		out = append(out, g.GroupName)
	}
	return out
}

// GRP-001, GRP-002, GRP-003, GRP-005: a group from its making to its end.
func TestGroup(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	const role, other = "arn:aws:iam::123456789012:role/admin", "arn:aws:iam::123456789012:role/other"
	made := a.clock.Now()
	g := a.group("admins", ranked(0, role), func(in *userpool.CreateGroupInput) { in.Description = "They may" })
	if g.GroupName != "admins" || g.UserPoolId != a.pool || g.Description != "They may" || g.RoleArn != role || g.Precedence == nil ||
		*g.Precedence != 0 || !g.CreationDate.Equal(made) || !g.LastModifiedDate.Equal(made) {
		t.Errorf("made %+v", g)
	}
	if bare := a.group("bare"); bare.Precedence != nil || bare.Description != "" || bare.RoleArn != "" {
		t.Errorf("a group of defaults is %+v", bare)
	}
	_, err := a.CreateGroup(t.Context(), &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "admins"})
	refused(t, err, userpool.ErrGroupExists, "A group with the name already exists.")
	a.group("Admins") // another name

	a.clock.Advance(time.Minute)
	changed, err := a.UpdateGroup(t.Context(), &userpool.UpdateGroupInput{UserPoolId: a.pool, GroupName: "admins", RoleArn: other})
	check(t, err)
	if g := changed.Group; g.Description != "They may" || g.RoleArn != other || *g.Precedence != 0 || !g.CreationDate.Equal(made) ||
		!g.LastModifiedDate.Equal(a.clock.Now()) {
		t.Errorf("updated to %+v", g)
	}
	_, err = a.UpdateGroup(t.Context(), &userpool.UpdateGroupInput{
		UserPoolId: a.pool, GroupName: "admins", Description: new(""), Precedence: new(int32(7)),
	})
	check(t, err)
	got, err := a.GetGroup(t.Context(), &userpool.GetGroupInput{UserPoolId: a.pool, GroupName: "admins"})
	check(t, err)
	if g := got.Group; g.Description != "" || g.RoleArn != other || *g.Precedence != 7 {
		t.Errorf("got %+v", g)
	}
}

// GRP-004, GRP-001, GRP-007, POOL-064: what is wrong with a request, in order, and that it changes nothing.
func TestGroupRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, foreign := b.app(), b.app()
	a.user("ada")
	a.group("admins")
	a.join("ada", "admins")
	foreign.group("others")
	const nowhere = "us-east-1_Nowhere00"
	for _, call := range map[string]func(pool, group string) error{
		"GetGroup": func(pool, group string) error {
			_, err := a.GetGroup(t.Context(), &userpool.GetGroupInput{UserPoolId: pool, GroupName: group})
			return err
		},
		"UpdateGroup": func(pool, group string) error {
			_, err := a.UpdateGroup(t.Context(), &userpool.UpdateGroupInput{UserPoolId: pool, GroupName: group, Precedence: new(int32(1))})
			return err
		},
		"DeleteGroup": func(pool, group string) error {
			_, err := a.DeleteGroup(t.Context(), &userpool.DeleteGroupInput{UserPoolId: pool, GroupName: group})
			return err
		},
		"ListUsersInGroup": func(pool, group string) error {
			_, err := a.ListUsersInGroup(t.Context(), &userpool.ListUsersInGroupInput{UserPoolId: pool, GroupName: group})
			return err
		},
		"AdminAddUserToGroup": func(pool, group string) error { // an unknown group before an unknown user
			_, err := a.AdminAddUserToGroup(t.Context(), &userpool.AdminAddUserToGroupInput{UserPoolId: pool, GroupName: group, Username: "nobody"})
			return err
		},
		"AdminRemoveUserFromGroup": func(pool, group string) error {
			_, err := a.AdminRemoveUserFromGroup(t.Context(), &userpool.AdminRemoveUserFromGroupInput{UserPoolId: pool, GroupName: group, Username: "nobody"})
			return err
		},
	} {
		refused(t, call(nowhere, "admins"), userpool.ErrResourceNotFound, "User pool us-east-1_Nowhere00 does not exist.")
		for _, group := range []string{"nobody", "others", "Admins", "admin"} {
			refused(t, call(a.pool, group), userpool.ErrResourceNotFound, "Group not found.")
		}
		for _, group := range []string{"", "a group", strings.Repeat("g", 129)} {
			refused(t, call(a.pool, group), userpool.ErrInvalidParameter, "")
		}
	}
	refused(t, a.tryJoin("nobody", "admins"), userpool.ErrUserNotFound, "User does not exist.")
	refused(t, a.tryLeave("nobody", "admins"), userpool.ErrUserNotFound, "User does not exist.")

	for _, tt := range []struct {
		name   string
		change func(*userpool.CreateGroupInput)
		code   awsapi.Code
	}{
		{"no name", func(in *userpool.CreateGroupInput) { in.GroupName = "" }, userpool.ErrInvalidParameter},
		{"white space", func(in *userpool.CreateGroupInput) { in.GroupName = "a b" }, userpool.ErrInvalidParameter},
		{"long name", func(in *userpool.CreateGroupInput) { in.GroupName = strings.Repeat("g", 129) }, userpool.ErrInvalidParameter},
		{"long description", func(in *userpool.CreateGroupInput) { in.Description = strings.Repeat("d", 2049) }, userpool.ErrInvalidParameter},
		{"short role", func(in *userpool.CreateGroupInput) { in.RoleArn = "arn:aws:iam" }, userpool.ErrInvalidParameter},
		{"negative precedence", func(in *userpool.CreateGroupInput) { in.Precedence = new(int32(-1)) }, userpool.ErrInvalidParameter},
		{"unknown pool", func(in *userpool.CreateGroupInput) { in.UserPoolId = nowhere }, userpool.ErrResourceNotFound},
	} {
		in := &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "new"}
		tt.change(in)
		if _, err := a.CreateGroup(t.Context(), in); awsapi.AsError(err).Code != tt.code {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.code)
		}
	}
	list, err := a.ListGroups(t.Context(), &userpool.ListGroupsInput{UserPoolId: a.pool})
	check(t, err)
	if len(list.Groups) != 1 || list.Groups[0].Precedence != nil || !slices.Equal(a.members("admins"), []string{"ada"}) {
		t.Errorf("after refusals there are %+v with %v", list.Groups, a.members("admins"))
	}
}

// GRP-007, GRP-009, ERR-080, USR-084: joining and leaving twice is no error.
func TestMembership(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	for i := range 5 {
		a.user(fmt.Sprint("user", i))
	}
	a.group("admins")
	a.group("empty")
	for range 2 {
		for i := range 5 {
			a.join(fmt.Sprint("user", i), "admins")
		}
	}
	if got := a.members("admins"); !slices.Equal(got, []string{"user0", "user1", "user2", "user3", "user4"}) {
		t.Errorf("members are %v", got)
	}
	check(t, a.tryLeave("user1", "empty"))
	for range 2 {
		check(t, a.tryLeave("user3", "admins"))
	}
	if got := a.members("admins"); !slices.Equal(got, []string{"user0", "user1", "user2", "user4"}) {
		t.Errorf("members are %v", got)
	}
	if got := a.members("empty"); len(got) != 0 {
		t.Errorf("members of an empty group are %v", got)
	}
}

// GRP-010: the groups of a user come by precedence, those without one last, over any pages.
func TestGroupsOfAUser(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	a.group("b-none")
	a.group("a-none")
	a.group("last", ranked(1<<31-1, ""))
	a.group("first", ranked(0, ""))
	a.group("b-second", ranked(5, ""))
	a.group("a-second", ranked(5, ""))
	a.join("ada", "a-none", "last", "b-second", "b-none", "first", "a-second")
	if got, want := a.groupsOf("ada"), []string{"first", "a-second", "b-second", "last", "a-none", "b-none"}; !slices.Equal(got, want) {
		t.Errorf("groups are %v, want %v", got, want)
	}
}

// GRP-010, M5: pages of groups, and that a token fits only what it was made for.
func TestListGroups(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, other := b.app(), b.app()
	want := []string{}
	for i := range 7 {
		want = append(want, fmt.Sprint("g", i))
		a.group(want[i])
		other.group(want[i])
	}
	var got []string
	for g, err := range userpool.All(t.Context(), a.ListGroups, &userpool.ListGroupsInput{UserPoolId: a.pool, Limit: new(int32(3))}) {
		check(t, err)
		got = append(got, g.GroupName)
	}
	if !slices.Equal(got, want) {
		t.Errorf("groups are %v, want %v", got, want)
	}
	first, err := a.ListGroups(t.Context(), &userpool.ListGroupsInput{UserPoolId: a.pool, Limit: new(int32(3))})
	check(t, err)
	_, err = a.ListGroups(t.Context(), &userpool.ListGroupsInput{UserPoolId: other.pool, NextToken: first.NextToken})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.ListUsersInGroup(t.Context(), &userpool.ListUsersInGroupInput{UserPoolId: a.pool, GroupName: "g0", NextToken: first.NextToken})
	refused(t, err, userpool.ErrInvalidParameter, "")
	_, err = a.ListGroups(t.Context(), &userpool.ListGroupsInput{UserPoolId: a.pool, Limit: new(int32(61))})
	refused(t, err, userpool.ErrInvalidParameter, "")
	all, err := a.ListGroups(t.Context(), &userpool.ListGroupsInput{UserPoolId: a.pool, Limit: new(int32(0))})
	check(t, err)
	if len(all.Groups) != 7 || all.NextToken != "" {
		t.Errorf("limit 0 gives %d groups", len(all.Groups))
	}
}

// GRP-003, GRP-008: how many groups there can be.
func TestGroupLimits(t *testing.T) {
	t.Parallel()
	a := setup(t, func(c *userpool.Config) { c.Limits.GroupsPerPool, c.Limits.GroupsPerUser = 3, 2 }).app()
	a.user("ada")
	for _, g := range []string{"a", "b", "c"} {
		a.group(g)
	}
	_, err := a.CreateGroup(t.Context(), &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "c"})
	refused(t, err, userpool.ErrGroupExists, "") // before the limit
	_, err = a.CreateGroup(t.Context(), &userpool.CreateGroupInput{UserPoolId: a.pool, GroupName: "d"})
	refused(t, err, userpool.ErrLimitExceeded, "")
	a.join("ada", "a", "b", "b")
	refused(t, a.tryJoin("ada", "c"), userpool.ErrInvalidParameter, "")
	a.deleteGroup("a") // not cleaned up yet
	a.join("ada", "c")
	if got := a.groupsOf("ada"); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("groups are %v", got)
	}
	a.group("d")
}

// GRP-006: the members of a deleted group lose it at once, also if another one is made under its name; what is left of their
// memberships goes in pages.
func TestDeleteGroup(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	a.group("admins", ranked(1, "arn:aws:iam::123456789012:role/admin"))
	a.group("others")
	a.join("ada", "admins", "others")
	for i := range 120 {
		name := fmt.Sprint("user", i)
		_, err := a.create(name)
		check(t, err)
		a.join(name, "admins")
	}
	tokens := a.signIn("ada")
	a.deleteGroup("admins")
	_, err := a.GetGroup(t.Context(), &userpool.GetGroupInput{UserPoolId: a.pool, GroupName: "admins"})
	refused(t, err, userpool.ErrResourceNotFound, "Group not found.")
	a.group("admins")
	gone := func() {
		t.Helper()
		if got := a.members("admins"); len(got) != 0 {
			t.Errorf("the new group has %d members", len(got))
		}
		if got := a.groupsOf("ada"); !slices.Equal(got, []string{"others"}) {
			t.Errorf("groups are %v", got)
		}
		fresh, err := a.refresh(tokens.RefreshToken) // GRP-014
		check(t, err)
		if got := fmt.Sprint(claimsOf(t, fresh.AccessToken)["cognito:groups"]); got != "[others]" {
			t.Errorf("a new token says %s", got)
		}
	}
	gone()
	a.join("user7", "admins")
	check(t, a.CleanGroups(t.Context()))
	check(t, a.CleanGroups(t.Context()))
	if got := a.members("admins"); !slices.Equal(got, []string{"user7"}) {
		t.Errorf("after the cleaning members are %v, want user7", got)
	}
	check(t, a.tryLeave("user7", "admins"))
	gone()
}

// A pool takes what is left of its groups along; whoever cleans up finds nothing to do.
func TestDeletedGroupOfADeletedPool(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a.user("ada")
	a.group("admins")
	a.join("ada", "admins")
	a.deleteGroup("admins")
	_, err := a.DeleteUserPool(t.Context(), &userpool.DeleteUserPoolInput{UserPoolId: a.pool})
	check(t, err)
	check(t, a.DeletePools(t.Context()))
	check(t, a.CleanGroups(t.Context()))
}

// C2: joining and deleting a group at once leaves no member of a group that is gone.
func TestC2_JoinWhileDeleted(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	for i := range 4 {
		a.user(fmt.Sprint("user", i))
	}
	a.group("admins")
	errs := race(5, func(i int) error {
		if i == 4 {
			_, err := a.DeleteGroup(t.Context(), &userpool.DeleteGroupInput{UserPoolId: a.pool, GroupName: "admins"})
			return err
		}
		return a.tryJoin(fmt.Sprint("user", i), "admins")
	})
	for _, err := range errs {
		if err != nil {
			refused(t, err, userpool.ErrResourceNotFound, "Group not found.")
		}
	}
	for i := range 4 {
		if got := a.groupsOf(fmt.Sprint("user", i)); len(got) != 0 {
			t.Errorf("user%d is in %v", i, got)
		}
	}
}

// GRP-012, GRP-013, GRP-014: what groups say in tokens, and when.
func TestGroupsInTokens(t *testing.T) {
	t.Parallel()
	const low, high = "arn:aws:iam::123456789012:role/low", "arn:aws:iam::123456789012:role/high"
	a := setup(t).app()
	a.user("ada")
	a.group("first", ranked(1, low))
	a.group("second", ranked(2, high))
	a.group("third")
	tokens := a.signIn("ada")
	if id := claimsOf(t, tokens.IdToken); id["cognito:groups"] != nil || id["cognito:roles"] != nil || id["cognito:preferred_role"] != nil {
		t.Errorf("groups of nobody: %v", id)
	}
	a.join("ada", "third", "second", "first")
	if access := claimsOf(t, tokens.AccessToken); access["cognito:groups"] != nil {
		t.Error("an issued token changed")
	}
	fresh, err := a.refresh(tokens.RefreshToken)
	check(t, err)
	id, access := claimsOf(t, fresh.IdToken), claimsOf(t, fresh.AccessToken)
	if got := fmt.Sprint(id["cognito:groups"]); got != "[first second third]" || got != fmt.Sprint(access["cognito:groups"]) {
		t.Errorf("groups %s and %v", got, access["cognito:groups"])
	}
	if got := fmt.Sprint(id["cognito:roles"]); got != "["+low+" "+high+"]" || id["cognito:preferred_role"] != low {
		t.Errorf("roles %s, preferred %v", got, id["cognito:preferred_role"])
	}
	if access["cognito:roles"] != nil || access["cognito:preferred_role"] != nil {
		t.Error("roles in an access token")
	}
}
