package userpool_test

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/internal/model"
	"github.com/cenote-auth/cenote/userpool"
)

const secondRegion = "eu-west-1"

// pair is one store in two Regions: the app's service, where its pool has the primary, and away.
type pair struct {
	app
	away app // the same pool and client
}

// twoRegions makes a pool with a multi-Region key and a service in a second Region, without a replica there yet.
func twoRegions(t *testing.T, options ...any) pair {
	t.Helper()
	b := setup(t, func(c *userpool.Config) { c.CustomerKey = customerKey })
	p := pair{app: b.app(append(options, func(in *userpool.CreateUserPoolInput) {
		in.KeyConfiguration = &userpool.KeyConfigurationType{KeyType: userpool.EncryptionKeyTypeCustomerManagedKey, KmsKeyArn: customerKey}
		in.UserPoolTags = map[string]string{"at": "home"}
	})...)}
	p.inRegion(b)
	return p
}

// inRegion starts the service of the second Region on the bench's store.
func (p *pair) inRegion(b *bench) {
	other := *b
	other.config.Region = secondRegion
	other.start()
	p.away = p.app
	p.away.bench = &other
}

// fork copies the store and starts both services on it.
func (p pair) fork(t *testing.T) pair {
	t.Helper()
	p.app = p.app.fork(t)
	p.inRegion(p.app.bench)
	return p
}

func (p pair) create() (*userpool.UserPoolReplicaType, error) {
	out, err := p.CreateUserPoolReplica(p.t.Context(), &userpool.CreateUserPoolReplicaInput{
		UserPoolId: p.pool, RegionName: secondRegion, UserPoolTags: map[string]string{"at": "sea"},
	})
	if err != nil {
		return nil, err
	}
	return out.UserPoolReplica, nil
}

// bring makes the replica and brings it to a state.
func (p pair) bring(to userpool.ReplicaStatusType) {
	p.t.Helper()
	_, err := p.create()
	check(p.t, err)
	if to == userpool.ReplicaStatusTypeCreating {
		return
	}
	check(p.t, p.MoveReplicas(p.t.Context()))
	switch to {
	case userpool.ReplicaStatusTypeActive:
		_, err = p.turn(p.app, userpool.UpdateReplicaStatusTypeActive)
	case userpool.ReplicaStatusTypeDeleting:
		_, err = p.drop(p.app)
	}
	check(p.t, err)
}

func (p pair) turn(from app, to userpool.UpdateReplicaStatusType) (*userpool.UserPoolReplicaType, error) {
	out, err := from.UpdateUserPoolReplica(p.t.Context(), &userpool.UpdateUserPoolReplicaInput{UserPoolId: p.pool, RegionName: secondRegion, Status: to})
	if err != nil {
		return nil, err
	}
	return out.UserPoolReplica, nil
}

func (p pair) drop(from app) (*userpool.UserPoolReplicaType, error) {
	out, err := from.DeleteUserPoolReplica(p.t.Context(), &userpool.DeleteUserPoolReplicaInput{UserPoolId: p.pool, RegionName: secondRegion})
	if err != nil {
		return nil, err
	}
	return out.UserPoolReplica, nil
}

// replicas returns the replicas that a service tells of.
func (p pair) replicas(from app) []userpool.UserPoolReplicaType {
	p.t.Helper()
	out, err := from.ListUserPoolReplicas(p.t.Context(), &userpool.ListUserPoolReplicasInput{UserPoolId: p.pool})
	check(p.t, err)
	return out.UserPoolReplicas
}

// specList returns the operations that a fact of the specification of replicas lists, which is where they are named in a row.
func specList(t *testing.T, fact string) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/spec/userpool-newer.md")
	check(t, err)
	_, rest, ok := strings.Cut(string(text), "- **"+fact+"** ")
	if !ok {
		t.Fatalf("no fact %s", fact)
	}
	line, _, _ := strings.Cut(rest, "\n")
	var out []string
	for _, word := range regexp.MustCompile(`[A-Za-z]+`).FindAllString(line, -1) {
		if userpool.Operation(word) != nil {
			out = append(out, word)
		}
	}
	return out
}

// plausible makes bodies that the model has nothing against.
type plausible struct {
	t     *testing.T
	model *model.Model
	names map[string]string // of members whose value matters
}

func (g plausible) body(operation string) []byte {
	g.t.Helper()
	raw, err := json.Marshal(g.value(g.model.Operations.Map[operation].Input.Shape, "", true))
	check(g.t, err)
	return raw
}

func (g plausible) value(shape, member string, top bool) any {
	s := g.model.Shapes[shape]
	switch s.Type {
	case "structure":
		out := map[string]any{}
		for _, name := range s.Members.Keys {
			_, named := g.names[name]
			if slices.Contains(s.Required, name) || top && named && name != "UserPoolTags" {
				out[name] = g.value(s.Members.Map[name].Shape, name, false)
			}
		}
		return out
	case "list":
		return []any{g.value(s.Member.Shape, "", false)}
	case "map":
		return map[string]any{g.value(s.Key.Shape, "", false).(string): g.value(s.Value.Shape, "", false)}
	case "boolean":
		return true
	case "integer", "long":
		if s.Min != nil {
			return max(*s.Min, 1)
		}
		return 1
	case "timestamp":
		return 1
	case "blob":
		return "AAAA"
	}
	if s.Document {
		return map[string]any{}
	}
	if v, ok := g.names[member]; ok {
		return v
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	least := 1
	if s.Min != nil {
		least = max(int(*s.Min), 1)
	}
	for _, v := range []string{
		"ada", "123456", "https://example.com", "arn:aws:iam::123456789012:role/x", strings.Repeat("a", least), "tkn" + strings.Repeat("a", 25),
		"00000000-0000-4000-8000-000000000000", "us-east-1_00000000-0000-4000-8000-000000000000", "import-abcdef1234", "terms-of-use",
	} {
		fits := s.Pattern == "" || regexp.MustCompile("^(?:"+s.Pattern+")$").MatchString(v)
		if fits && len(v) >= least && (s.Max == nil || int64(len(v)) <= *s.Max) {
			return v
		}
	}
	g.t.Fatalf("nothing fits %s %q", shape, s.Pattern)
	return nil
}

// about names what the operations are about.
func (p pair) about(region, access string) plausible {
	p.t.Helper()
	m, err := model.Load("cognito-idp")
	check(p.t, err)
	return plausible{p.t, m, map[string]string{
		"UserPoolId": p.pool, "ClientId": p.client, "AccessToken": access, "RegionName": secondRegion,
		"ResourceArn": "arn:aws:cognito-idp:" + region + ":123456789012:userpool/" + p.pool,
	}}
}

// invoke calls an operation by its name.
func (a app) invoke(g plausible, operation string) error {
	_, err := a.Invoke(context.Background(), operation, g.body(operation))
	return err
}
