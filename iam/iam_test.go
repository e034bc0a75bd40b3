package iam_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/iam"
)

// ERR-013, IAM-091, IAM-092: AWS's sentence for a refusal.
func TestAllowAll(t *testing.T) {
	t.Parallel()
	c := &awsapi.Call{
		Op:       &awsapi.Operation{Name: "AdminGetUser", Service: &awsapi.Service{Name: "cognito-idp"}},
		Resource: "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Example01",
		Caller:   awsapi.Caller{ARN: admin},
	}
	require.NoError(t, iam.AllowAll{}.Authorize(t.Context(), c))
	const because = " because no identity-based policy allows the cognito-idp:AdminGetUser action"
	refused(t, iam.Denied(c), awsapi.ErrAccessDenied,
		"User: "+admin+" is not authorized to perform: cognito-idp:AdminGetUser on resource: "+c.Resource+because)

	c.Caller, c.Resource = awsapi.Caller{RequestID: "x"}, ""
	refused(t, iam.AllowAll{}.Authorize(t.Context(), c), awsapi.ErrAccessDenied,
		"User: anonymous is not authorized to perform: cognito-idp:AdminGetUser on resource: *"+because)
}

// ERR-015: the type for development believes any signature, but wants one.
func TestAnyCredentials(t *testing.T) {
	t.Parallel()
	w, r := setup(t), call()
	_, err := iam.AnyCredentials{}.Authenticate(t.Context(), view(r), bodyOf(""))
	refused(t, err, awsapi.ErrMissingAuthentication, "Missing Authentication Token")
	w.sign(r, "{}", signing{key: "test", secret: "test", region: "us-west-2", at: noon.Add(-24 * time.Hour)})
	p, err := iam.AnyCredentials{}.Authenticate(t.Context(), view(r), bodyOf("other"))
	require.NoError(t, err)
	require.Equal(t, &iam.Principal{ARN: "arn:aws:iam::123456789012:root", Account: "123456789012"}, p)
	p, err = iam.AnyCredentials{Account: "000000000000"}.Authenticate(t.Context(), view(r), bodyOf(""))
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::000000000000:root", p.ARN)

	broken := errors.New("too large")
	_, err = iam.AnyCredentials{}.Authenticate(t.Context(), view(r), func() ([]byte, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
	r.Header.Set("Authorization", "Bearer x")
	_, err = iam.AnyCredentials{}.Authenticate(t.Context(), view(r), bodyOf(""))
	require.ErrorIs(t, err, awsapi.ErrIncompleteSignature)
}

func TestStaticKeys(t *testing.T) {
	t.Parallel()
	good := iam.AccessKey{ID: keyID, Secret: secret, Principal: iam.Principal{ARN: admin, Account: account}}
	with := func(change func(*iam.AccessKey)) iam.AccessKey {
		k := good
		change(&k)
		return k
	}
	for name, tt := range map[string]struct {
		keys []iam.AccessKey
		text string
	}{
		"twice":      {[]iam.AccessKey{good, good}, "is there twice"},
		"empty id":   {[]iam.AccessKey{with(func(k *iam.AccessKey) { k.ID = "" })}, "4 to 128 letters"},
		"slash":      {[]iam.AccessKey{with(func(k *iam.AccessKey) { k.ID = "AK/ID" })}, "4 to 128 letters"},
		"no secret":  {[]iam.AccessKey{with(func(k *iam.AccessKey) { k.Secret = "" })}, "shorter than 16 bytes"},
		"expires":    {[]iam.AccessKey{with(func(k *iam.AccessKey) { k.Expires = noon })}, "expires"},
		"no ARN":     {[]iam.AccessKey{with(func(k *iam.AccessKey) { k.Principal.ARN = "" })}, "no principal ARN"},
		"no account": {[]iam.AccessKey{with(func(k *iam.AccessKey) { k.Principal.Account = "" })}, "no principal ARN or no account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := iam.NewStaticKeys(tt.keys...)
			require.ErrorContains(t, err, tt.text)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestH16_SecretsDoNotShow(t *testing.T) {
	t.Parallel()
	k := iam.AccessKey{ID: keyID, Secret: "hunter2-canary"}
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "key", k, "secret", k.Secret)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "key", k, "secret", k.Secret)
	fmt.Fprintf(&b, "%v %+v %#v %s %q %x %d %T", k, k, k, k.Secret, k.Secret, k.Secret, k.Secret, k.Secret)
	require.NotContains(t, b.String(), "hunter2")
	require.NotContains(t, b.String(), fmt.Sprintf("%x", "hunter2"))
}

func TestPrincipalFrom(t *testing.T) {
	t.Parallel()
	require.Nil(t, iam.PrincipalFrom(t.Context()))
	p := &iam.Principal{ARN: admin}
	require.Same(t, p, iam.PrincipalFrom(iam.WithPrincipal(t.Context(), p)))
}
