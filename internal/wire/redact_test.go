package wire_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cenote-auth/cenote/internal/wire"
)

func TestH16_RedactKeepsSensitiveValuesOut(t *testing.T) {
	t.Parallel()
	in := person{
		Username: "ada", Nickname: new("lady"), Active: new(true), Points: 7, Born: time.Unix(0, 0), Photo: []byte("canary"),
		Settings: json.RawMessage(`"canary"`), Tags: []string{"x", "y"}, Labels: map[string]string{"b": "2", "a": "1"}, Best: &friend{Name: "bob", Since: 3},
		Password: "canary", Secrets: map[string]string{"canary": "canary"}, Context: &origin{Address: "canary"}, Questions: []string{"canary"},
	}
	want := `person{Username:"ada" Nickname:"lady" Active:true Points:7 Born:1970-01-01T00:00:00Z Photo:6 bytes Settings:8 bytes Tags:["x" "y"] ` +
		`Labels:map["a":"1" "b":"2"] Best:friend{Name:"bob" Since:3} Password:[redacted] Secrets:[redacted] Context:[redacted] Questions:[redacted]}`
	if got := wire.Redact(&shapePerson, in); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
