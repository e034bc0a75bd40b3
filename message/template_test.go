package message_test

import (
	"html"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/message"
)

func TestRender(t *testing.T) {
	t.Parallel()
	facts := map[string]string{"ip-address": "192.0.2.1", "city": "", "device-name": "<b>", "password": "x", "username": "nobody"}
	for _, tt := range []struct {
		name, template string
		format         message.Format
		values         message.Values
		want           string
	}{
		{"MSG-001 every occurrence", "{####} and {####}", message.Plain, message.Values{Code: "123456"}, "123456 and 123456"},
		{"MSG-001 unknown braces", "{x} {} {#} { {{####}} {###} {username", message.Plain, message.Values{Code: "1", Username: "u"}, "{x} {} {#} { {1} {###} {username"},
		{"MSG-001 user name", "{username}: {####}", message.Plain, message.Values{Code: "1", Username: "ada"}, "ada: 1"},
		{"user name outside of invitations", "{username}: {####}", message.Plain, message.Values{Code: "1"}, "{username}: 1"},
		{"MSG-001 link", "<p>{##Click Here##}</p>", message.HTML, message.Values{Link: "https://x.example/?a=1&b=\"2"},
			`<p><a href="https://x.example/?a=1&amp;b=&#34;2">Click Here</a></p>`},
		{"link as text", "{##Click##}!", message.Plain, message.Values{Link: "https://x.example/?a=1&b=2"}, "Click https://x.example/?a=1&b=2!"},
		{"no link to give", "{##Click##} {####}", message.HTML, message.Values{Code: "1"}, "{##Click##} 1"},
		{"code is no link", "{####}", message.HTML, message.Values{Link: "https://x.example"}, "{####}"},
		{"link without end", "{##Click", message.HTML, message.Values{Link: "https://x.example"}, "{##Click"},
		{"MSG-037 tags of the template", "<b>{####}</b>", message.HTML, message.Values{Code: "1"}, "<b>1</b>"},
		{"MSG-011 facts", "{ip-address}/{city}/{device-name}/{country}/{password}", message.HTML, message.Values{Facts: facts},
			"192.0.2.1//&lt;b&gt;/{country}/{password}"},
		{"facts name no user", "{username}", message.HTML, message.Values{Facts: facts, Username: "ada"}, "ada"},
		{"MSG-011 longest name", "{one-click-link-invalid}", message.Plain, message.Values{Facts: map[string]string{"one-click-link-invalid": "l"}}, "l"},
		{"other scripts", "код {####} 你好", message.HTML, message.Values{Code: "1"}, "код 1 你好"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := message.Render(tt.template, tt.format, tt.values); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestH12_ValuesAreEscaped: names and passwords from outside are text in HTML, and never templates.
func TestH12_ValuesAreEscaped(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='x`, "{####}", "{##Click##}", "{username}", "{city}", "&lt;", "\u202egnp",
	} {
		v := message.Values{Username: name, Code: "<s3cret&>", Link: "https://x.example", Facts: map[string]string{"city": name}}
		got := message.Render(`<a title="{username}">{username}</a> {city}`, message.HTML, v)
		want := strings.ReplaceAll(`<a title="@">@</a> @`, "@", html.EscapeString(name))
		if got != want {
			t.Errorf("%q became %s, want %s", name, got, want)
		}
		if got := message.Render("{username} {####}", message.Plain, v); got != name+" <s3cret&>" {
			t.Errorf("%q became %s in plain text", name, got)
		}
	}
}

// TestRenderIsLinear renders templates that make a careless parser start over at each brace.
func TestRenderIsLinear(t *testing.T) {
	t.Parallel()
	v := message.Values{Code: "1", Username: "u", Link: "https://x.example", Facts: map[string]string{"city": "c"}}
	for _, unit := range []string{"{##", "{", "{##x", "{username", "##}", "{##x##", "{####"} {
		template := strings.Repeat(unit, (128<<10)/len(unit))
		start := time.Now()
		message.Render(template, message.HTML, v)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("128 KiB of %q took %v", unit, took)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"{####}", "{username}{##a##}", "{{####}}", "{##{####}##}", "{one-click-link-valid}", "{\xff}"} {
		f.Add(s, "<ada>", "123456")
	}
	f.Fuzz(func(t *testing.T, template, name, code string) {
		v := message.Values{Username: name, Code: code, Link: "https://x.example/?a&b", Facts: map[string]string{"city": name}}
		if got := message.Render(template, message.HTML, message.Values{}); got != template {
			t.Fatalf("without values %q became %q", template, got)
		}
		plain := message.Render(template, message.Plain, v)
		if code != "" && strings.Count(template, "{####}") > strings.Count(plain, code) {
			t.Fatalf("%q became %q without %q", template, plain, code)
		}
		// A template without markup stays without markup, apart from our own anchors.
		if !strings.ContainsAny(template, `<>"'`) {
			rest := strings.ReplaceAll(message.Render(template, message.HTML, v), `<a href="https://x.example/?a&amp;b">`, "")
			if rest = strings.ReplaceAll(rest, "</a>", ""); strings.ContainsAny(rest, `<>"'`) {
				t.Fatalf("values %q and %q brought markup into %q: %q", name, code, template, rest)
			}
		}
	})
}

// MSG-006, MSG-007
func TestDefaultTexts(t *testing.T) {
	t.Parallel()
	verification := message.Text{SMS: "Your verification code is {####}. ", Email: "Your verification code is {####}. ", Subject: "Your verification code"}
	for kind, want := range map[message.Kind]message.Text{
		message.SignUp: verification, message.ResendCode: verification, message.UpdateUserAttribute: verification, message.VerifyUserAttribute: verification,
		message.AdminCreateUser: {SMS: "Your username is {username} and temporary password is {####}. ",
			Email: "Your username is {username} and temporary password is {####}. ", Subject: "Your temporary password"},
		message.ForgotPassword:              {SMS: "Your password reset code is {####}", Email: "Your password reset code is {####}", Subject: "Your password reset code"},
		message.Authentication:              {SMS: "Your authentication code is {####}. ", Email: "Your authentication code is {####}. ", Subject: "Your authentication code"},
		message.AccountTakeOverNotification: {},
	} {
		if got := message.DefaultText(kind); got != want {
			t.Errorf("%s: got %+v, want %+v", kind, got, want)
		}
	}
	link := message.DefaultLinkText()
	if link.SMS != "" || link.Email != "Please click the link below to verify your email address. {##Verify Email##} " || link.Subject != "Your verification link" {
		t.Errorf("link text is %+v", link)
	}
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	const (
		class   = `[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`
		code    = message.CodePlaceholder
		link    = message.LinkPlaceholder
		invited = message.CodePlaceholder | message.UsernamePlaceholder
	)
	for _, tt := range []struct {
		name     string
		part     message.Part
		template string
		must     message.Placeholders
		pattern  string // "" if the text is fine, "empty" if it is empty
	}{
		{"MSG-003 mail", message.PartEmail, "<b>Hallo *</b>\n\tcode: {####} €", code, ""},
		{"TRG-112 without the code", message.PartEmail, "Hello", code, class + `\{####\}` + class},
		{"TRG-112 empty", message.PartEmail, "", code, "empty"},
		{"MSG-003 control character", message.PartEmail, "{####}\x07", code, class + `\{####\}` + class},
		{"MSG-003 no-break space", message.PartEmail, "{####}\u00a0", code, class + `\{####\}` + class},
		{"not UTF-8", message.PartEmail, "{####}\xff", code, class + `\{####\}` + class},
		{"TRG-115 link", message.PartEmail, "{##Click Here##}", link, ""},
		{"TRG-115 without the link", message.PartEmail, "{###}", link, class + `\{##` + class + `##\}` + class},
		{"TRG-116 both", message.PartEmail, "{username} {####}", invited, ""},
		{"TRG-116 without the code", message.PartEmail, "{username}", invited, class + `\{####\}` + class},
		{"TRG-116 without the name", message.PartEmail, "{####}", invited, class + `\{username\}` + class},
		{"MSG-004 text message", message.PartSMS, "code {####}", code, ""},
		{"MSG-004 lines", message.PartSMS, "code\n{####}", code, `.*\{####\}.*`},
		{"MSG-004 Java's other lines", message.PartSMS, "code\u2028{####}", code, `.*\{####\}.*`},
		{"MSG-004 lines in an invitation", message.PartSMS, "{username}\n{####}", invited, ""},
		{"MSG-005 nothing demanded", message.PartSMS, "Welcome", 0, ""},
		{"subject", message.PartSubject, "Code!", 0, ""},
		{"subject with a control character", message.PartSubject, "Code\x00", 0, `[\p{L}\p{M}\p{S}\p{N}\p{P}\s]+`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.part.Check(tt.template, tt.must)
			if tt.pattern == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want := "The message is empty."
			if tt.pattern != "empty" {
				want = "1 validation error detected: Value '" + tt.template + "' at '" + string(tt.part) +
					"' failed to satisfy constraint: Member must satisfy regular expression pattern: " + tt.pattern
			}
			e := awsapi.AsError(err)
			if e.Code != message.ErrInvalidParameter || e.Message != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// MSG-010, TRG-113
func TestTooLong(t *testing.T) {
	t.Parallel()
	for part, limit := range map[message.Part]int{message.PartEmail: 20_000, message.PartSMS: 140, message.PartSubject: 140} {
		if fits := strings.Repeat("é", limit); part.TooLong(fits) || !part.TooLong(fits+"x") {
			t.Errorf("%s does not have its limit at %d characters", part, limit)
		}
	}
}

func TestContains(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]message.Placeholders{
		"":                            0,
		"{username}":                  message.UsernamePlaceholder,
		"{##a##}":                     message.LinkPlaceholder,
		"{####}":                      message.CodePlaceholder | message.LinkPlaceholder, // so does the model's pattern
		"##} {##":                     0,
		"{##x##} {username} and more": message.LinkPlaceholder | message.UsernamePlaceholder,
	} {
		if got := message.Contains(template); got != want {
			t.Errorf("%q contains %b, want %b", template, got, want)
		}
	}
}
