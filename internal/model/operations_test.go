package model_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/model"
)

// IAM-082, IAM-086, IAM-095, IAM-096, NEW-002: who may be called without a signature. The list is the specification's,
// not the model's, so that a slip of either shows.
func TestPublicOperations(t *testing.T) {
	t.Parallel()
	public := map[string]string{
		"cognito-idp": `AssociateSoftwareToken ChangePassword ConfirmDevice ConfirmForgotPassword ConfirmSignUp DeleteUser DeleteUserAttributes
			ForgetDevice ForgotPassword GetDevice GetUser GetUserAttributeVerificationCode GlobalSignOut InitiateAuth ListDevices ResendConfirmationCode
			RespondToAuthChallenge RevokeToken SetUserMFAPreference SetUserSettings SignUp UpdateAuthEventFeedback UpdateDeviceStatus
			UpdateUserAttributes VerifySoftwareToken VerifyUserAttribute CompleteWebAuthnRegistration DeleteWebAuthnCredential
			GetTokensFromRefreshToken GetUserAuthFactors ListWebAuthnCredentials StartWebAuthnRegistration ListUserSessions RevokeUserSession
			GetClientToken`,
		"cognito-identity": `GetId GetOpenIdToken GetCredentialsForIdentity UnlinkIdentity`,
		"cognito-sync":     ``,
	}
	eachService(t, pass, func(t *testing.T, m *model.Model, s server) {
		want := strings.Fields(public[m.Metadata.EndpointPrefix])
		for _, op := range s.Operations() {
			if unsigned := op.Auth != awsapi.AuthSigV4; unsigned != slices.Contains(want, op.Name) {
				t.Errorf("%s: unsigned is %v", op.Name, unsigned)
			}
			in, _ := types(s, op.Name)
			_, token := in.FieldByName("AccessToken")
			if op.Auth == awsapi.AuthAccessToken && !token {
				t.Errorf("%s is authorised by an access token that it does not take", op.Name)
			}
			if s.Operation(op.Name) != op {
				t.Errorf("%s is not found by its name", op.Name)
			}
		}
		if got := len(s.Operations()); got != len(m.Operations.Keys) {
			t.Errorf("got %d operations", got)
		}
		if s.Operation("signup") != nil || s.Operation("") != nil {
			t.Error("found an operation that does not exist")
		}
	})
}

// ERR-001, IDP-021: the operations whose success has no body.
func TestOperationsWithoutOutput(t *testing.T) {
	t.Parallel()
	none := map[string]string{
		"cognito-idp": `AdminAddUserToGroup AdminDeleteUser AdminForgetDevice AdminRemoveUserFromGroup DeleteGroup DeleteIdentityProvider
			DeleteManagedLoginBranding DeleteResourceServer DeleteTerms DeleteUser DeleteUserPool DeleteUserPoolClient ForgetDevice`,
		"cognito-identity": `DeleteIdentityPool SetIdentityPoolRoles UnlinkIdentity UnlinkDeveloperIdentity`,
		"cognito-sync":     `SetCognitoEvents`,
	}
	eachService(t, pass, func(t *testing.T, m *model.Model, s server) {
		want := strings.Fields(none[m.Metadata.EndpointPrefix])
		for _, op := range s.Operations() {
			if op.NoOutput != slices.Contains(want, op.Name) {
				t.Errorf("%s: NoOutput is %v", op.Name, op.NoOutput)
			}
		}
	})
}

// Nothing that reads writes, by the verbs that say so.
func TestReadOnlyOperations(t *testing.T) {
	t.Parallel()
	eachService(t, pass, func(t *testing.T, _ *model.Model, s server) {
		for _, op := range s.Operations() {
			writes := regexpVerb(op.Name, "Create", "Update", "Delete", "Set", "Add", "Remove", "Sign", "Confirm", "Revoke", "Start", "Stop", "Register", "Merge", "Unlink")
			if op.ReadOnly && writes {
				t.Errorf("%s counts as read-only", op.Name)
			}
		}
	})
}

func regexpVerb(name string, verbs ...string) bool {
	name = strings.TrimPrefix(name, "Admin")
	return slices.ContainsFunc(verbs, func(v string) bool { return strings.HasPrefix(name, v) })
}

// SYNC-004 and ERR-006: the statuses of the three services.
func TestStatuses(t *testing.T) {
	t.Parallel()
	want := map[string]map[awsapi.Code]int{
		"cognito-idp":      {"NotAuthorizedException": 400, "ResourceNotFoundException": 400, "TooManyRequestsException": 400, "InternalErrorException": 500},
		"cognito-identity": {"NotAuthorizedException": 400, "ResourceConflictException": 400, "AccessDeniedException": 400, "InternalErrorException": 500},
		"cognito-sync": {"NotAuthorizedException": 403, "ResourceNotFoundException": 404, "ResourceConflictException": 409,
			"TooManyRequestsException": 429, "AccessDeniedException": 403, "InvalidParameterException": 400, "InternalErrorException": 500},
	}
	fail := func(ctx context.Context, _ *awsapi.Call, _ awsapi.Next) (any, error) {
		return nil, ctx.Value(exchangeKey{}).(awsapi.Code).New("x")
	}
	eachService(t, fail, func(t *testing.T, m *model.Model, s server) {
		for code, status := range want[m.Metadata.EndpointPrefix] {
			_, err := s.Invoke(context.WithValue(t.Context(), exchangeKey{}, code), m.Operations.Keys[0], []byte(`{}`))
			if got, _, _ := awsapi.WireError(err); got != status || !errors.Is(err, code) {
				t.Errorf("%s: got %d, want %d", code, got, status)
			}
		}
	})
}

// ERR-040, IDP-013, SYNC-008: the code of a violation is the service's.
func TestCodeOfViolations(t *testing.T) {
	t.Parallel()
	want := map[string]awsapi.Code{"cognito-idp": "InvalidParameterException", "cognito-identity": "ValidationException", "cognito-sync": "InvalidParameterException"}
	eachService(t, pass, func(t *testing.T, m *model.Model, s server) {
		for _, op := range s.Operations() {
			shape := m.Shapes[m.Operations.Map[op.Name].Input.Shape]
			if len(shape.Required) == 0 {
				continue
			}
			_, err := s.Invoke(t.Context(), op.Name, []byte(`{}`))
			e, ok := errors.AsType[*awsapi.Error](err)
			if !ok || e.Code != want[m.Metadata.EndpointPrefix] || strings.Count(e.Message, "Member must not be null") != len(shape.Required) {
				t.Errorf("%s: %v", op.Name, err)
			}
		}
	})
}

func TestUnknownOperations(t *testing.T) {
	t.Parallel()
	eachService(t, pass, func(t *testing.T, _ *model.Model, s server) {
		if _, err := s.Invoke(t.Context(), "Nope", nil); !errors.Is(err, awsapi.ErrUnknownOperation) {
			t.Errorf("Invoke: %v", err)
		}
		copied := *s.Operations()[0]
		if _, err := s.Serve(t.Context(), &copied, nil, nil); !errors.Is(err, awsapi.ErrUnknownOperation) {
			t.Errorf("Serve of a foreign description: %v", err)
		}
	})
}

// Members of rest-json that travel outside of the body are members of the input, numbers where the model has numbers.
func TestBindings(t *testing.T) {
	t.Parallel()
	eachService(t, pass, func(t *testing.T, m *model.Model, s server) {
		for _, op := range s.Operations() {
			if len(op.Bindings) > 0 && op.Service.Protocol != awsapi.RESTJSON {
				t.Errorf("%s has bindings", op.Name)
			}
			in, _ := types(s, op.Name)
			for _, b := range op.Bindings {
				f, ok := in.FieldByName(b.Member)
				if !ok || (f.Type.Kind() == reflect.Int32 || f.Type.Kind() == reflect.Int64) != b.Number {
					t.Errorf("%s: binding %+v", op.Name, b)
				}
				if b.Place == awsapi.InURI && !strings.Contains(op.Path, "{"+b.Name+"}") {
					t.Errorf("%s: path %s has no %s", op.Name, op.Path, b.Name)
				}
			}
			if strings.Count(op.Path, "{") > len(op.Bindings) {
				t.Errorf("%s: path %s has a label without member", op.Name, op.Path)
			}
		}
	})
}
