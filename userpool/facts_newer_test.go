package userpool_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/userpool"
)

// declaring returns the operations that declare an error.
func declaring(code awsapi.Code) (names []string) {
	for _, op := range userpool.Operations() {
		if slices.Contains(op.Codes, code) {
			names = append(names, op.Name)
		}
	}
	return names
}

// newer are the operations that the model of November 2026 added.
var newer = strings.Fields(`AdminDeleteSoftwareToken AdminGetUserAuthFactors AdminListUserSessions AdminRevokeUserSession
	CreateUserPoolReplica DeleteUserPoolReplica DescribeTermsByClient GetClientToken GetProvisionedLimit
	GetUserPoolClientSessionConfiguration GetUserPoolSessionConfiguration ListUserPoolReplicas ListUserSessions RevokeUserSession
	SetUserPoolClientSessionConfiguration SetUserPoolSessionConfiguration UpdateProvisionedLimit UpdateUserPoolReplica`)

// NEW-001, NEW-002, NEW-336: the new operations, at the address of all others; three need no signature, of which two take an
// access token.
func TestNewerOperations(t *testing.T) {
	t.Parallel()
	if len(newer) != 18 || len(userpool.Operations()) != 140 {
		t.Errorf("%d of %d operations", len(newer), len(userpool.Operations()))
	}
	auth := map[string]awsapi.Auth{
		"ListUserSessions": awsapi.AuthAccessToken, "RevokeUserSession": awsapi.AuthAccessToken, "GetClientToken": awsapi.AuthNone,
	}
	for _, name := range newer {
		op := userpool.Operation(name)
		if op == nil {
			t.Errorf("no operation %s", name)
			continue
		}
		want, public := auth[name]
		if !public {
			want = awsapi.AuthSigV4
		}
		if op.Auth != want || op.Method != "POST" || op.Path != "/" {
			t.Errorf("%s: %v %s %s", name, op.Auth, op.Method, op.Path)
		}
	}
}

// NEW-004, NEW-005, NEW-006, NEW-354: which operations declare the new errors, and the old ones at new places.
func TestNewerErrors(t *testing.T) {
	t.Parallel()
	without := strings.Fields(`AddUserPoolClientSecret CreateIdentityProvider CreateUserPool DeleteIdentityProvider
		DeleteUserPoolClientSecret DescribeIdentityProvider GetIdentityProviderByIdentifier GetLogDeliveryConfiguration GetUserPoolMfaConfig
		ListIdentityProviders ListUserPoolClientSecrets ListUserPools SetLogDeliveryConfiguration UpdateIdentityProvider
		GetProvisionedLimit UpdateProvisionedLimit`)
	declared := declaring(userpool.ErrOperationNotEnabled)
	if len(declared) != 108+16 {
		t.Errorf("%d operations can be not enabled", len(declared))
	}
	for _, op := range userpool.Operations() {
		if slices.Contains(declared, op.Name) == slices.Contains(without, op.Name) {
			t.Errorf("%s is on the wrong list", op.Name)
		}
	}
	sameValues(t, declaring(userpool.ErrServiceQuotaExceeded), "UpdateProvisionedLimit")
	for _, name := range []string{"InitiateAuth", "AdminInitiateAuth", "SetUserPoolSessionConfiguration", "SetUserPoolClientSessionConfiguration"} {
		if !slices.Contains(declaring(userpool.ErrFeatureUnavailableInTier), name) {
			t.Errorf("%s declares no error of plans", name)
		}
	}
	for _, name := range []string{"SetUserPoolSessionConfiguration", "SetUserPoolClientSessionConfiguration"} {
		if !slices.Contains(declaring(userpool.ErrConcurrentModification), name) {
			t.Errorf("%s declares no concurrent modification", name)
		}
	}
	if !slices.Contains(declaring(userpool.ErrOperationNotEnabled), "RevokeToken") { // NEW-335
		t.Error("RevokeToken can be not enabled")
	}
}

// NEW-008: the listings of sessions and replicas have a token for another page in and out, and no member that bounds one.
func TestNewerListings(t *testing.T) {
	t.Parallel()
	for _, list := range []struct{ in, out any }{
		{userpool.ListUserSessionsInput{}, userpool.ListUserSessionsOutput{}},
		{userpool.AdminListUserSessionsInput{}, userpool.AdminListUserSessionsOutput{}},
		{userpool.ListUserPoolReplicasInput{}, userpool.ListUserPoolReplicasOutput{}},
	} {
		for _, shape := range []any{list.in, list.out} {
			names := ""
			for _, f := range reflect.VisibleFields(reflect.TypeOf(shape)) {
				names += " " + f.Name
			}
			if !strings.Contains(names, " NextToken") || strings.Contains(names, "Max") || strings.Contains(names, "Limit") {
				t.Errorf("%T has%s", shape, names)
			}
		}
	}
}

// NEW-009, NEW-353, ERR-006: the hints at other statuses change nothing: the new errors, and those that the hints are about, are 400.
func TestStatusesOfNewerErrors(t *testing.T) {
	t.Parallel()
	for _, code := range []awsapi.Code{
		userpool.ErrOperationNotEnabled, userpool.ErrServiceQuotaExceeded, userpool.ErrUnauthorized, userpool.ErrFeatureUnavailableInTier,
		userpool.ErrForbidden, userpool.ErrNotAuthorized, userpool.ErrResourceNotFound, userpool.ErrUserNotFound, userpool.ErrTooManyRequests,
	} {
		if status, _, _ := awsapi.WireError(code.New("x")); status != 400 {
			t.Errorf("%s has the status %d", code, status)
		}
	}
}
