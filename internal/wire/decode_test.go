package wire_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/wire"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       person
	}{
		{"no bytes", ``, person{}},
		{"empty", ` { } `, person{}},
		{"ERR-008 unknown members", `{"Foo":[{"Username":"x"},1.5e-3,"\u00e9",true,false,null],"Username":"ada"}`, person{Username: "ada"}},
		{"ERR-008 null is absent", `{"Username":null,"Tags":null,"Best":null,"Age":null,"Labels":{"a":null,"b":"c"}}`,
			person{Labels: map[string]string{"b": "c"}}},
		{"every kind", `{"Username":"ada","Nickname":"","Color":"red","Enabled":true,"Active":false,"Age":36,"Rank":0,"Points":9223372036854775807,
			"Born":1612345678.25,"Photo":"AQID","Settings": {"a": [1]},"Tags":["x","y"],"Likes":["blue"],"Friends":[{"Name":"bob","Since":3},{}],
			"Labels":{"k":"v"},"Levels":{"one":{"Name":"eve"}},"Best":{"Name":"zoe"},"Password":"p","Secrets":{},"Context":{},"Questions":[]}`,
			person{
				Username: "ada", Nickname: new(""), Color: "red", Enabled: true, Active: new(false), Age: 36, Rank: new(int32(0)), Points: math.MaxInt64,
				Born: time.UnixMilli(1612345678250).UTC(), Photo: []byte{1, 2, 3}, Settings: json.RawMessage(`{"a": [1]}`), Tags: []string{"x", "y"},
				Likes: []color{"blue"}, Friends: []friend{{"bob", 3}, {}}, Labels: map[string]string{"k": "v"}, Levels: map[string]friend{"one": {Name: "eve"}},
				Best: &friend{Name: "zoe"}, Password: "p", Secrets: map[string]string{}, Context: &origin{}, Questions: []string{},
			}},
		{"escapes", `{"Username":"\"\\\/\b\f\n\r\t\u00E9\ud83d\ude00","User\u006eame2":1}`, person{Username: "\"\\/\b\f\n\r\té😀"}},
		{"escaped member name", `{"User\u006eame":"ada"}`, person{Username: "ada"}},
		{"C9 another case is another member", `{"username":"eve","USERNAME":"eve","Username":"ada"}`, person{Username: "ada"}},
		{"whole numbers", `{"Age":1.0,"Points":-2e3,"Rank":-0}`, person{Age: 1, Points: -2000, Rank: new(int32(0))}},
		{"dates", `{"Born":-1.5}`, person{Born: time.UnixMilli(-1500).UTC()}},
		{"date with an exponent", `{"Born":1.612345678123E9}`, person{Born: time.UnixMilli(1612345678123).UTC()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got person
			if _, err := wire.Decode(&shapePerson, []byte(tt.body), &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// ERR-010
func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, message string }{
		{"nothing", ` `, ""},
		{"no object", `[]`, "Start of list found where not expected."},
		{"null", `null`, "Expected structure or map, or null"},
		{"text", `hello`, ""},
		{"open object", `{"Username":"a"`, ""},
		{"two objects", `{}{}`, ""},
		{"zero byte after the end", "{}\x00", ""},
		{"trailing comma", `{"Username":"a",}`, ""},
		{"trailing comma in a list", `{"Tags":["a",]}`, ""},
		{"missing comma", `{"Username":"a" "Age":1}`, ""},
		{"missing colon", `{"Username" "a"}`, ""},
		{"name without quotes", `{Username:"a"}`, ""},
		{"leading zero", `{"Age":01}`, ""},
		{"plus sign", `{"Age":+1}`, ""},
		{"bare minus", `{"Age":-}`, ""},
		{"bare dot", `{"Age":1.}`, ""},
		{"bare exponent", `{"Age":1e}`, ""},
		{"not a number", `{"Age":NaN}`, ""},
		{"control character", "{\"Username\":\"a\nb\"}", ""},
		{"control character after an escape", "{\"Username\":\"\\na\nb\"}", ""},
		{"unknown escape", `{"Username":"\x41"}`, ""},
		{"short escape", `{"Username":"\u12"}`, ""},
		{"bad hex", `{"Username":"\u12g4"}`, ""},
		{"lone high surrogate", `{"Username":"\ud83d"}`, ""},
		{"lone low surrogate", `{"Username":"\ude00"}`, ""},
		{"two high surrogates", `{"Username":"\ud83d\ud83d"}`, ""},
		{"open string", `{"Username":"abc`, ""},
		{"open escape", `{"Username":"abc\`, ""},
		{"invalid UTF-8", "{\"Username\":\"a\xff\"}", ""},
		{"invalid UTF-8 after an escape", "{\"Username\":\"\\n\xff\"}", ""},
		{"invalid UTF-8 in an unknown member", "{\"Foo\":\"a\xff\"}", ""},
		{"UTF-8 surrogate", "{\"Username\":\"\xed\xa0\x80\"}", ""},
		{"byte order mark", "\ufeff{}", ""},
		{"bad word", `{"Enabled":truth}`, ""},
		{"syntax before type", `{"Username":[1,}`, ""},
		{"number for a string", `{"Username":1}`, "NUMBER_VALUE can not be converted to a String"},
		{"true for a string", `{"Username":true}`, "TRUE_VALUE can not be converted to a String"},
		{"false for a string", `{"Username":false}`, "FALSE_VALUE can not be converted to a String"},
		{"list for a string", `{"Username":["a"]}`, "Start of list found where not expected."},
		{"object for a string", `{"Username":{}}`, "Start of structure or map found where not expected."},
		{"string for a list", `{"Tags":"a"}`, "Expected list or null"},
		{"string for a map", `{"Labels":"a"}`, "Expected structure or map, or null"},
		{"list for a map", `{"Labels":[]}`, "Start of list found where not expected."},
		{"string for a structure", `{"Best":"a"}`, "Expected structure or map, or null"},
		{"string for a boolean", `{"Enabled":"true"}`, "STRING_VALUE can not be converted to a Boolean"},
		{"number for a boolean", `{"Active":1}`, "NUMBER_VALUE can not be converted to a Boolean"},
		{"string for a number", `{"Age":"1"}`, "STRING_VALUE can not be converted to an Integer"},
		{"fraction for a number", `{"Age":1.5}`, "NUMBER_VALUE can not be converted to an Integer"},
		{"number above 32 bits", `{"Age":2147483648}`, "NUMBER_VALUE can not be converted to an Integer"},
		{"number below 32 bits", `{"Age":-2147483649}`, "NUMBER_VALUE can not be converted to an Integer"},
		{"number above 64 bits", `{"Points":9223372036854775808}`, "NUMBER_VALUE can not be converted to a Long"},
		{"huge exponent", `{"Points":1e400}`, "NUMBER_VALUE can not be converted to a Long"},
		{"string for a date", `{"Born":"2021-02-03T00:00:00Z"}`, "STRING_VALUE can not be converted to a Timestamp"},
		{"date after the year 9999", `{"Born":253402300800}`, "NUMBER_VALUE can not be converted to a Timestamp"},
		{"date beyond all bounds", `{"Born":1e300}`, "NUMBER_VALUE can not be converted to a Timestamp"},
		{"blob without padding", `{"Photo":"AQI"}`, "STRING_VALUE can not be converted to a Blob"},
		{"blob with stray bits", `{"Photo":"AQJ="}`, "STRING_VALUE can not be converted to a Blob"},
		{"null in a list", `{"Tags":["a",null]}`, "NULL_VALUE can not be converted to a String"},
		{"null structure in a list", `{"Friends":[null]}`, "Expected structure or map, or null"},
		{"deep unknown member", `{"Foo":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, ""},
		{"deep document", `{"Settings":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40) + `}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Decode(&shapePerson, []byte(tt.body), new(person))
			e, ok := errors.AsType[*awsapi.Error](err)
			if !ok || e.Code != awsapi.ErrSerialization {
				t.Fatalf("got error %v", err)
			}
			if e.Message != tt.message {
				t.Errorf("got  %q\nwant %q", e.Message, tt.message)
			}
		})
	}
}

// Two readers of one body must not see two inputs.
func TestC9_DuplicateMembersAreRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"same value":     `{"Username":"ada","Username":"ada"}`,
		"null first":     `{"Username":null,"Username":"eve"}`,
		"null last":      `{"Username":"ada","Username":null}`,
		"escaped name":   `{"Username":"ada","\u0055sername":"eve"}`,
		"nested":         `{"Best":{"Name":"a","Name":"b"}}`,
		"in a list":      `{"Friends":[{"Name":"a","Name":"b"}]}`,
		"map key":        `{"Labels":{"a":"b","a":"c"}}`,
		"escaped key":    `{"Labels":{"a":"b","\u0061":"c"}}`,
		"structured map": `{"Levels":{"a":{"Name":"x"},"a":{"Name":"y"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := wire.Decode(&shapePerson, []byte(body), new(person)); !errors.Is(err, awsapi.ErrSerialization) {
				t.Errorf("got error %v", err)
			}
		})
	}
}

// A document holds what stood in the body, not a view of the caller's buffer.
func TestDecodeKeepsNothingOfTheBody(t *testing.T) {
	t.Parallel()
	body := []byte(`{"Username":"ada","Settings":{"a":1},"Labels":{"key":"value"},"Tags":["tag"]}`)
	var got person
	if _, err := wire.Decode(&shapePerson, body, &got); err != nil {
		t.Fatal(err)
	}
	for i := range body {
		body[i] = '#'
	}
	want := person{Username: "ada", Settings: json.RawMessage(`{"a":1}`), Labels: map[string]string{"key": "value"}, Tags: []string{"tag"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"Username":"ada","Born":1.5,"Friends":[{"Name":"\u00e9"}],"Labels":{"a":"b"},"Photo":"AQID","Settings":{"x":[1e3]}}`))
	f.Add([]byte(`{"Username":"\ud83d\ude00","Age":-1e2,"Active":null,"Levels":{"":{}}}`))
	f.Add([]byte(`[{"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second person
		presence, err := wire.Decode(&shapePerson, body, &first)
		if err != nil {
			return
		}
		if len(body) > 0 && !json.Valid(body) {
			t.Fatalf("decoded what is not JSON: %q", body)
		}
		_ = wire.Check(&shapePerson, code, &first, presence)
		encoded := wire.Encode(&shapePerson, &first)
		if !json.Valid(encoded) {
			t.Fatalf("encoded what is not JSON: %q", encoded)
		}
		if _, err := wire.Decode(&shapePerson, encoded, &second); err != nil {
			t.Fatalf("cannot decode %q: %v", encoded, err)
		}
		if again := wire.Encode(&shapePerson, &second); string(again) != string(encoded) {
			t.Fatalf("not stable: %q, then %q", encoded, again)
		}
	})
}
