package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// node returns the command that runs a script of ./clients.
func node(t *testing.T, script string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatal("the JavaScript clients are not installed: run `make setup`")
	}
	name := "../.cache/node/bin/node" // one that the set-up had to fetch comes before the system's
	if _, err := os.Stat(name); err != nil {
		name = "node"
	}
	return exec.CommandContext(t.Context(), name, append([]string{"clients/" + script}, args...)...)
}

// runScript runs a script of ./clients with its settings, and makes a subtest of each step that it reports: a line
// "ok STEP" or "not ok STEP: REASON". It returns what the script hands over on its last line, "result JSON".
func runScript(t *testing.T, script string, settings map[string]string) map[string]string {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	cmd := node(t, script, string(text))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	result := map[string]string{}
	steps := 0
	for line := range strings.Lines(string(stdout)) {
		line = strings.TrimSpace(line)
		if given, ok := strings.CutPrefix(line, "result "); ok {
			if err := json.Unmarshal([]byte(given), &result); err != nil {
				t.Errorf("%s: result: %v", script, err)
			}
			continue
		}
		failed := strings.HasPrefix(line, "not ok ")
		step := strings.TrimPrefix(strings.TrimPrefix(line, "not "), "ok ")
		step, reason, _ := strings.Cut(step, ": ")
		steps++
		t.Run(step, func(t *testing.T) {
			if failed {
				t.Error(reason)
			}
		})
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", script, err, stderr.String())
	}
	if steps == 0 {
		t.Errorf("%s reported no step", script)
	}
	return result
}

// A dialogue is a script that answers each line with a line.
type dialogue struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
}

func talk(t *testing.T, script string) *dialogue {
	t.Helper()
	cmd := node(t, script)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(stderr.String())
		}
	})
	return &dialogue{t: t, in: in, out: bufio.NewReader(out)}
}

// ask sends a request and returns the answer.
func (d *dialogue) ask(request map[string]string) map[string]string {
	d.t.Helper()
	text, err := json.Marshal(request)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.in.Write(append(text, '\n')); err != nil {
		d.t.Fatal(err)
	}
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		d.t.Fatal(err)
	}
	answer := map[string]string{}
	if err := json.Unmarshal(line, &answer); err != nil {
		d.t.Fatalf("%q: %v", line, err)
	}
	if answer["error"] != "" {
		d.t.Fatal(answer["error"])
	}
	return answer
}
