package model_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/model"
)

// Whatever bytes come, an operation answers that they cannot be read, and nothing of it runs.
func TestC9_HostileBodiesOfEveryOperation(t *testing.T) {
	t.Parallel()
	eachService(t, pass, func(t *testing.T, m *model.Model, s server) {
		for _, op := range s.Operations() {
			member := m.Shapes[m.Operations.Map[op.Name].Input.Shape].Members.Keys
			if len(member) == 0 {
				continue
			}
			name, deep := member[0], strings.Repeat("[", 1<<16)
			for _, body := range []string{
				`null`, `[]`, `"x"`, `{`, `{}x`, "{}\x00", "\xff", deep, `{"x":` + deep, `{"` + name + `":` + deep,
				`{"` + name + `":1,"` + name + `":1}`, `{"` + name + `":null,"` + name + `":null}`, `{"` + name + `":{"` + name + `":[{}]}`,
				`{"` + name + `":"\ud800"}`, `{"` + name + "\":\"\xc0\xaf\"}", `{"x":1e}`, `{"x":"` + "\n" + `"}`,
			} {
				if _, err := s.Invoke(t.Context(), op.Name, []byte(body)); !errors.Is(err, awsapi.ErrSerialization) {
					t.Errorf("%s %.60q: %v", op.Name, body, err)
				}
			}
		}
	})
}

// A member in another case is an unknown member, not the one that it resembles: what a policy looked at is what runs.
func TestC9_MemberNamesAreExact(t *testing.T) {
	t.Parallel()
	eachService(t, pass, func(t *testing.T, m *model.Model, s server) {
		for _, op := range s.Operations() {
			shape := m.Shapes[m.Operations.Map[op.Name].Input.Shape]
			for _, name := range shape.Required {
				text, _ := sample(m, shape.Members.Map[name].Shape)
				for _, other := range []string{strings.ToLower(name), strings.ToUpper(name), strings.ToLower(name[:1]) + name[1:]} {
					if other == name {
						continue
					}
					_, err := s.Invoke(t.Context(), op.Name, []byte(`{"`+other+`":`+text+`}`))
					e, ok := errors.AsType[*awsapi.Error](err)
					if path := strings.ToLower(name[:1]) + name[1:]; !ok || !strings.Contains(e.Message, "Value null at '"+path+"'") {
						t.Errorf("%s took %s for %s: %v", op.Name, other, name, err)
					}
				}
			}
		}
	})
}
