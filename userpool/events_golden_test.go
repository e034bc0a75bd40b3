package userpool_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/trigger"
)

// allFlows are those of events_test.go, and the sign-ins with more than a password.
func allFlows() []flowTest { return slices.Concat(flowTests, furtherFlows) }

// play runs a flow and returns its events.
func (f flowTest) play(t *testing.T) ([][]byte, *drama) {
	t.Helper()
	w := &witness{answers: f.answers}
	a, keys := witnessed(t, w, f.options...)
	d := &drama{app: a, witness: w, keys: keys}
	f.act(d)
	return append(d.all, d.take()...), d
}

// TestEventsOfFlows plays every flow and compares what its functions hear, byte by byte but for ids and ciphertexts, with a file, and
// the order in which they hear it with the table: TRG-002, TRG-003, TRG-004, TRG-005, TRG-006, TRG-040, TRG-041, TRG-050, TRG-060,
// TRG-061, TRG-062, TRG-063, TRG-071, TRG-080, TRG-081, TRG-082, TRG-085, TRG-100, TRG-101, TRG-110, TRG-111, TRG-117,
// TRG-120, TRG-121, TRG-125, TRG-140, TRG-141, TRG-142, TRG-143, TRG-144, TRG-145, TRG-146, TRG-148, AUTH-149, AUTH-385.
func TestEventsOfFlows(t *testing.T) {
	t.Parallel()
	for _, f := range allFlows() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			events, d := f.play(t)
			var order []string
			for _, e := range events {
				order = append(order, string(sourceOf(t, e)))
			}
			if !slices.Equal(order, f.order) {
				t.Errorf("functions ran in the order\n%s\nwant\n%s", strings.Join(order, "\n"), strings.Join(f.order, "\n"))
			}
			compare(t, filepath.Join("testdata", "events", strings.ReplaceAll(f.name, " ", "-")+".json"), normalised(t, events, d))
		})
	}
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// normalised returns the events as one JSON document in which ids have fixed names and codes say how many digits they have.
func normalised(t *testing.T, events [][]byte, d *drama) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, json.Indent(&b, append(append([]byte("["), bytes.Join(events, []byte(","))...), ']'), "", "  "))
	text := strings.NewReplacer(d.pool, "us-east-1_POOL", d.client, "CLIENT").Replace(b.String())
	text = regexp.MustCompile(`"code": "[^"]+"`).ReplaceAllStringFunc(text, func(s string) string {
		code, err := d.keys.Open(d.pool, strings.TrimSuffix(strings.TrimPrefix(s, `"code": "`), `"`))
		check(t, err)
		if regexp.MustCompile(`^[0-9]+$`).MatchString(code) {
			code = fmt.Sprintf("%d digits", len(code))
		}
		return fmt.Sprintf(`"code": "<%s>"`, code)
	})
	text = regexp.MustCompile(`"FEEDBACK_TOKEN": "[^"]+"`).ReplaceAllString(text, `"FEEDBACK_TOKEN": "TOKEN"`)
	names := map[string]string{}
	text = uuids.ReplaceAllStringFunc(text, func(id string) string {
		if names[id] == "" {
			names[id] = fmt.Sprintf("UUID-%d", len(names)+1)
		}
		return names[id]
	})
	return []byte(text + "\n")
}

// compare compares with a file, or rewrites it with -update.
func compare(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("the events are\n%s\nwant those of %s", got, path)
	}
}

// notHere are the sources of which no flow is here: they need a provider of identities, or pages.
var notHere = []trigger.Source{
	trigger.PreSignUpExternalProvider, trigger.TokenGenerationHostedAuth, trigger.InboundFederationExternalProvider,
}

// TRG-080, TRG-110, TRG-120: every file belongs to a flow, and every source that can occur occurs in one.
func TestEveryFlowHasEvents(t *testing.T) {
	t.Parallel()
	heard := map[trigger.Source]bool{}
	files := map[string]bool{}
	for _, f := range allFlows() {
		files[strings.ReplaceAll(f.name, " ", "-")+".json"] = true
		for _, s := range f.order {
			heard[trigger.Source(s)] = true
		}
	}
	found, err := filepath.Glob("testdata/events/*.json")
	check(t, err)
	for _, path := range found {
		if !files[filepath.Base(path)] {
			t.Errorf("%s belongs to no flow", path)
		}
	}
	text, err := os.ReadFile("../trigger/source.go")
	check(t, err)
	known := map[trigger.Source]bool{}
	for _, m := range regexp.MustCompile(`Source += "([A-Za-z]+_[A-Za-z]+)"`).FindAllSubmatch(text, -1) {
		known[trigger.Source(m[1])] = true
	}
	for _, s := range slices.Sorted(maps.Keys(heard)) {
		if !known[s] {
			t.Errorf("%s is no source", s)
		}
	}
	for _, s := range slices.Sorted(maps.Keys(known)) {
		if heard[s] == slices.Contains(notHere, s) {
			t.Errorf("%s occurs in a flow: %v", s, heard[s])
		}
	}
}
