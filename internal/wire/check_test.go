package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/wire"
)

const (
	failed  = "failed to satisfy constraint: "
	pattern = `Member must satisfy regular expression pattern: [\p{L}\p{N}]+`
	nameSet = `[Member must have length less than or equal to 8, Member must have length greater than or equal to 1, ` + pattern + `]`
)

// Each body has the required members beside its own, so that one violation is one item.
func TestCheckDecoded(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, member, want string }{
		{"nothing wrong", `"Tags":["a"]`, ``},
		{"ERR-041 sensitive value is left out", `"Password":"a b"`, `Value at 'password' ` + failed + `Member must satisfy regular expression pattern: [\S]+`},
		{"ERR-043 enum", `"Color":"green"`, `Value 'green' at 'color' ` + failed + `Member must satisfy enum value set: [red, blue]`},
		{"ERR-043 empty enum value", `"Color":""`, `Value '' at 'color' ` + failed + `Member must satisfy enum value set: [red, blue]`},
		{"ERR-043 pattern", `"Nickname":"a b"`, `Value 'a b' at 'nickname' ` + failed + pattern},
		{"ERR-043 long", `"Nickname":"abcdefghi"`, `Value 'abcdefghi' at 'nickname' ` + failed + `Member must have length less than or equal to 8`},
		{"ERR-043 low", `"Rank":0`, `Value '0' at 'rank' ` + failed + `Member must have value greater than or equal to 1`},
		{"ERR-043 high", `"Rank":151`, `Value '151' at 'rank' ` + failed + `Member must have value less than or equal to 150`},
		{"ERR-042 structure", `"Best":{"Name":"a b"}`, `Value 'a b' at 'best.name' ` + failed + pattern},
		{"ERR-042 missing in a structure", `"Best":{}`, `Value null at 'best.name' ` + failed + `Member must not be null`},
		{"ERR-042 list", `"Friends":[{"Name":"a"},{"Name":"a","Since":200}]`, `Value '200' at 'friends.2.member.since' ` + failed + `Member must have value less than or equal to 150`},
		{"ERR-042 map", `"Levels":{"one":{"Name":"a b"}}`, `Value 'a b' at 'levels.one.member.name' ` + failed + pattern},
		{"ERR-042 sensitive structure", `"Context":{"Address":"a b"}`, `Value at 'context.address' ` + failed + pattern},
		{"ERR-044 list of scalars", `"Tags":["a","b c"]`, `Value '[a, b c]' at 'tags' ` + failed + `Member must satisfy constraint: ` + nameSet},
		{"ERR-044 list of enums", `"Likes":["red","pink"]`, `Value '[red, pink]' at 'likes' ` + failed + `Member must satisfy constraint: [Member must satisfy enum value set: [red, blue]]`},
		{"ERR-044 sensitive list", `"Questions":["a b"]`, `Value at 'questions' ` + failed + `Member must satisfy constraint: [Member must have length less than or equal to 5, Member must satisfy regular expression pattern: [\S]+]`},
		{"ERR-044 map values", `"Labels":{"b":"v","a":"-"}`, `Value '{a=-, b=v}' at 'labels' ` + failed + `Map value must satisfy constraint: ` + nameSet},
		{"ERR-044 map keys", `"Labels":{"-":"v"}`, `Value '{-=v}' at 'labels' ` + failed + `Map keys must satisfy constraint: ` + nameSet},
		{"ERR-044 sensitive map", `"Secrets":{"-":"v"}`, `Value at 'secrets' ` + failed + `Map keys must satisfy constraint: ` + nameSet},
		{"ERR-046 characters, not bytes", `"Nickname":"éééééééé"`, ``},
		{"ERR-046 whole value", `"Nickname":"a\n"`, "Value 'a\n' at 'nickname' " + failed + pattern},
		{"ERR-048 elements", `"Tags":["a","b","c","d"]`, `Value '[a, b, c, d]' at 'tags' ` + failed + `Member must have length less than or equal to 3`},
		{"ERR-048 no elements", `"Friends":[]`, `Value at 'friends' ` + failed + `Member must have length greater than or equal to 1`},
		{"blob", `"Photo":"AQIDBAU="`, `Value 'java.nio.HeapByteBuffer[pos=0 lim=5 cap=5]' at 'photo' ` + failed + `Member must have length less than or equal to 4`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var in person
			presence, err := wire.Decode(&shapePerson, []byte(`{"Username":"ada","Enabled":false,"Age":1,`+tt.member+`}`), &in)
			if err != nil {
				t.Fatal(err)
			}
			want := "1 validation error detected: " + tt.want
			if tt.want == "" {
				want = ""
			}
			wantMessage(t, wire.Check(&shapePerson, code, &in, presence), want)
		})
	}
}

func wantMessage(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("got error %v", err)
		}
		return
	}
	e, ok := errors.AsType[*awsapi.Error](err)
	if !ok || e.Code != code || e.Message != want {
		t.Errorf("got  %v\nwant %s: %s", err, code, want)
	}
}

// ERR-040, ERR-041, ERR-047
func TestCheckReportsEverything(t *testing.T) {
	t.Parallel()
	var in person
	presence, err := wire.Decode(&shapePerson, []byte(`{"Username":"far too long","Tags":["-"],"Friends":[{}]}`), &in)
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, wire.Check(&shapePerson, code, &in, presence), "6 validation errors detected: "+strings.Join([]string{
		`Value 'far too long' at 'username' ` + failed + pattern,
		`Value 'far too long' at 'username' ` + failed + `Member must have length less than or equal to 8`,
		`Value null at 'enabled' ` + failed + `Member must not be null`,
		`Value null at 'age' ` + failed + `Member must not be null`,
		`Value '[-]' at 'tags' ` + failed + `Member must satisfy constraint: ` + nameSet,
		`Value null at 'friends.1.member.name' ` + failed + `Member must not be null`,
	}, "; "))
}

// A body may carry zero values, which are not absent.
func TestCheckKnowsWhatTheBodyCarried(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"zero number", `{"Username":"a","Enabled":false,"Age":0}`, `Value '0' at 'age' ` + failed + `Member must have value greater than or equal to 1`},
		{"no number", `{"Username":"a","Enabled":false}`, `Value null at 'age' ` + failed + `Member must not be null`},
		{"no boolean", `{"Username":"a","Age":1}`, `Value null at 'enabled' ` + failed + `Member must not be null`},
		{"empty string in a list", `{"Username":"a","Enabled":false,"Age":1,"Friends":[{"Name":"a","Since":0}]}`,
			`Value '0' at 'friends.1.member.since' ` + failed + `Member must have value greater than or equal to 1`},
		{"absent in one element, zero in the other", `{"Username":"a","Enabled":false,"Age":1,"Levels":{"a":{"Name":"a"},"b":{"Name":"b","Since":0}}}`,
			`Value '0' at 'levels.b.member.since' ` + failed + `Member must have value greater than or equal to 1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var in person
			presence, err := wire.Decode(&shapePerson, []byte(tt.body), &in)
			if err != nil {
				t.Fatal(err)
			}
			wantMessage(t, wire.Check(&shapePerson, code, &in, presence), "1 validation error detected: "+tt.want)
		})
	}
}

// In Go a zero value is absent, and what the types cannot rule out is checked.
func TestCheckTyped(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   person
		want string
	}{
		{"good", person{Username: "ada", Age: 1}, ``},
		{"required boolean cannot be absent", person{Username: "ada", Age: 1, Enabled: false}, ``},
		{"required number cannot be absent", person{Username: "ada"}, `Value '0' at 'age' ` + failed + `Member must have value greater than or equal to 1`},
		{"required string", person{Age: 1}, `Value null at 'username' ` + failed + `Member must not be null`},
		{"optional number", person{Username: "ada", Age: 1, Friends: []friend{{Name: "bob"}}}, ``},
		{"pointer to zero", person{Username: "ada", Age: 1, Rank: new(int32(0))}, `Value '0' at 'rank' ` + failed + `Member must have value greater than or equal to 1`},
		{"pointer to the empty string", person{Username: "ada", Age: 1, Nickname: new("")},
			`Value '' at 'nickname' ` + failed + pattern + `; Value '' at 'nickname' ` + failed + `Member must have length greater than or equal to 1`},
		{"empty list", person{Username: "ada", Age: 1, Friends: []friend{}}, `Value at 'friends' ` + failed + `Member must have length greater than or equal to 1`},
		{"document", person{Username: "ada", Age: 1, Settings: json.RawMessage(`{"a":1}`)}, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := tt.want
			switch strings.Count(want, failed) {
			case 1:
				want = "1 validation error detected: " + want
			case 2:
				want = "2 validation errors detected: " + want
			}
			wantMessage(t, wire.Check(&shapePerson, code, &tt.in, wire.Presence{}), want)
		})
	}
	for name, in := range map[string]person{
		"invalid UTF-8":            {Username: "a\xff", Age: 1},
		"invalid UTF-8 in a list":  {Username: "ada", Age: 1, Tags: []string{"\xff"}},
		"invalid UTF-8 in a key":   {Username: "ada", Age: 1, Labels: map[string]string{"\xff": "a"}},
		"invalid UTF-8 in a value": {Username: "ada", Age: 1, Secrets: map[string]string{"a": "\xff"}},
		"document that is no JSON": {Username: "ada", Age: 1, Settings: json.RawMessage(`{"a":1}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := wire.Check(&shapePerson, code, &in, wire.Presence{}); !errors.Is(err, awsapi.ErrSerialization) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// A small body must not make a large message.
func TestM8_MessageIsBounded(t *testing.T) {
	t.Parallel()
	in := person{Username: "ada", Age: 1, Friends: make([]friend, 100_000)}
	e, ok := errors.AsType[*awsapi.Error](wire.Check(&shapePerson, code, &in, wire.Presence{}))
	if !ok || !strings.HasPrefix(e.Message, "100000 validation errors detected: ") || len(e.Message) > 70<<10 {
		t.Errorf("got a message of %d bytes: %.100s", len(e.Message), e.Message)
	}
}

func TestPattern(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern *wire.Pattern
		yes, no []string
	}{
		{&wire.Pattern{Text: `[\S]+`}, []string{"a", "é"}, []string{"", "a b", "\n"}},
		{&wire.Pattern{Text: `[a-c]*`}, []string{"", "abc"}, []string{"d"}},
		{&wire.Pattern{Text: `^[0-9a-fA-F]+$`}, []string{"0aF"}, []string{"", "g", "0\n"}},
		{&wire.Pattern{Text: `(?s).*`}, []string{"", "a\nb"}, nil},
		{&wire.Pattern{Text: `.*\{####\}.*`}, []string{"{####}", "a {####} b"}, []string{"a\n{####}", "####"}},
		{&wire.Pattern{Text: `[A-Za-z0-9-_=.]+`}, []string{"a-b_c=.9"}, []string{"a b", "é"}},
		{&wire.Pattern{Text: `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`}, []string{"ada@example.com", "ünïcødé", "日本", "😀"}, []string{"a b", "\u00a0"}},
		{&wire.Pattern{Text: `a|b`}, []string{"a", "b"}, []string{"ab", "ca"}},
		{&wire.Pattern{Text: `(?<!x)`, RE2: `[ab]`}, []string{"a"}, []string{"x", ""}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.pattern.Text), func(t *testing.T) {
			t.Parallel()
			for _, s := range tt.yes {
				if !tt.pattern.Match(s) {
					t.Errorf("does not match %q", s)
				}
			}
			for _, s := range tt.no {
				if tt.pattern.Match(s) {
					t.Errorf("matches %q", s)
				}
			}
		})
	}
}
