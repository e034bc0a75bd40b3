package trigger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
)

// TRG-031 for the qualifier.
func TestParseARN(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 65)
	for _, tt := range []struct{ arn, name, qualifier string }{
		{trigger.ARN("pre-sign-up"), "pre-sign-up", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:legacy", "legacy", ""},
		{"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:Legacy_2:prod", "Legacy_2", "prod"},
		{"", "", ""},
		{"pre-sign-up", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:a:", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:a:b:c", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:a/../b", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:a%2fb", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:a?b", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:" + long, "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:layer:a", "", ""},
		{"arn:aws:sns:eu-central-1:123456789012:function:a", "", ""},
		{"arn:gcp:lambda:eu-central-1:123456789012:function:a", "", ""},
		{"arn:aws:lambda:example.com/:123456789012:function:a", "", ""},
		{"arn:aws:lambda:eu-central-1:12345678901:function:a", "", ""},
		{"arn:aws:lambda:eu-central-1:12345678901x:function:a", "", ""},
		{"ARN:aws:lambda:eu-central-1:123456789012:function:a", "", ""},
		{" arn:aws:lambda:eu-central-1:123456789012:function:a", "", ""},
		{"arn:aws:lambda:eu-central-1:123456789012:function:a\n", "", ""},
	} {
		t.Run(tt.arn, func(t *testing.T) {
			t.Parallel()
			name, qualifier, err := trigger.ParseARN(tt.arn)
			if name != tt.name || qualifier != tt.qualifier || (err == nil) != (tt.name != "") {
				t.Errorf("got %q, %q, %v, want %q, %q", name, qualifier, err, tt.name, tt.qualifier)
			}
			if err != nil && !errors.Is(err, trigger.ErrNoFunction) {
				t.Errorf("%v is not ErrNoFunction", err)
			}
		})
	}
}

func FuzzParseARN(f *testing.F) {
	f.Add(trigger.ARN("f"))
	f.Add("arn:aws:lambda:eu-central-1:123456789012:function:legacy:prod")
	f.Add("arn:aws:lambda::::::")
	f.Fuzz(func(t *testing.T, arn string) {
		name, qualifier, err := trigger.ParseARN(arn)
		if err != nil {
			return
		}
		if strings.ContainsAny(name+qualifier, ":/?#%.\\ \n\x00") || !strings.HasPrefix(arn, "arn:aws") || !strings.Contains(arn, ":function:"+name) {
			t.Errorf("%q gave %q, %q", arn, name, qualifier)
		}
		if again, _, err := trigger.ParseARN(trigger.ARN(name)); err != nil || again != name {
			t.Errorf("%q does not come back: %q, %v", name, again, err)
		}
	})
}

func TestMuxRefusesMistakes(t *testing.T) {
	t.Parallel()
	h := handlerFunc(nil)
	for name, f := range map[string]func(*trigger.Mux){
		"bad name":    func(m *trigger.Mux) { m.Handle("a/b", h) },
		"empty name":  func(m *trigger.Mux) { m.Handle("", h) },
		"nil handler": func(m *trigger.Mux) { m.Handle("f", nil) },
		"twice":       func(m *trigger.Mux) { m.Handle("f", h); m.Handle("f", h) },
		"bad ARN":     func(*trigger.Mux) { trigger.ARN("a b") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f(&trigger.Mux{})
		})
	}
}

func TestKind(t *testing.T) {
	t.Parallel()
	for source, want := range map[trigger.Source]trigger.Kind{
		trigger.TokenGenerationHostedAuth:                 trigger.PreTokenGeneration,
		trigger.VerifyAuthChallengeResponseAuthentication: trigger.VerifyAuthChallengeResponse,
		trigger.CustomSMSSenderAuthentication:             trigger.CustomSMSSender,
		"":                                                "",
		"PreSignUp":                                       "",
	} {
		if got := source.Kind(); got != want {
			t.Errorf("kind of %q is %q, want %q", source, got, want)
		}
	}
}

// TRG-123
func TestSenderSecret(t *testing.T) {
	t.Parallel()
	if got, want := trigger.SenderSecret(`<a>&"1'`), `&lt;a&gt;&amp;"1'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := trigger.SenderSecret("123456"); got != "123456" {
		t.Errorf("code became %s", got)
	}
}
