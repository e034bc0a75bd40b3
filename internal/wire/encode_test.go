package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/wire"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	const plain = `"Enabled":false,"Age":0,"Points":0`
	tests := []struct {
		name string
		in   person
		want string
	}{
		{"ERR-007 absent members are left out", person{}, `{` + plain + `}`},
		{"ERR-007 empty is not absent", person{Tags: []string{}, Labels: map[string]string{}, Photo: []byte{}, Best: &friend{}, Nickname: new("")},
			`{"Nickname":"",` + plain + `,"Photo":"","Tags":[],"Labels":{},"Best":{"Since":0}}`},
		{"pointers to zero", person{Active: new(false), Rank: new(int32(0))}, `{"Enabled":false,"Active":false,"Age":0,"Rank":0,"Points":0}`},
		{"no HTML escapes", person{Username: `<a href="x">&` + "\u2028"}, `{"Username":"<a href=\"x\">&` + "\u2028" + `",` + plain + `}`},
		{"escapes", person{Username: "\\\n\r\t\x00\x1fé😀"}, `{"Username":"\\\n\r\t\u0000\u001fé😀",` + plain + `}`},
		{"invalid UTF-8", person{Username: "a\xffb\xe2\x82"}, `{"Username":"a�b��",` + plain + `}`},
		{"whole second", person{Born: time.Unix(1612345678, 0)}, `{` + plain + `,"Born":1612345678}`},
		{"milliseconds", person{Born: time.UnixMilli(1612345678007)}, `{` + plain + `,"Born":1612345678.007}`},
		{"tenths, no trailing zeros", person{Born: time.Unix(1612345678, 100_999_999)}, `{` + plain + `,"Born":1612345678.1}`},
		{"before 1970", person{Born: time.UnixMilli(-1500)}, `{` + plain + `,"Born":-1.5}`},
		{"1970", person{Born: time.Unix(0, 0)}, `{` + plain + `,"Born":0}`},
		{"blob", person{Photo: []byte{0xfb, 0xff}}, `{` + plain + `,"Photo":"+/8="}`},
		{"document as it is", person{Settings: json.RawMessage(`{"b":1, "a":"<"}`)}, `{` + plain + `,"Settings":{"b":1, "a":"<"}}`},
		{"maps by key", person{Labels: map[string]string{"b": "2", "a": "1"}, Levels: map[string]friend{"z": {Name: "n"}}},
			`{` + plain + `,"Labels":{"a":"1","b":"2"},"Levels":{"z":{"Name":"n","Since":0}}}`},
		{"lists", person{Likes: []color{"red", ""}, Friends: []friend{{"a", 1}, {}}},
			`{` + plain + `,"Likes":["red",""],"Friends":[{"Name":"a","Since":1},{"Since":0}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(wire.Encode(&shapePerson, &tt.in)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
