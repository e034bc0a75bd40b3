package e2e_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/identitypool"
	cognitosync "github.com/cenote-auth/cenote/sync"
	"github.com/cenote-auth/cenote/userpool"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	check(t, err)
	return string(text)
}

// progress is a row of the README's table of operations.
var progress = regexp.MustCompile(`(?m)^\| (user pools|identity pools|Sync) \| ([0-9]+) \| ([0-9]+) \|$`)

func TestReadmeCountsTheOperations(t *testing.T) {
	t.Parallel()
	tables := map[string][]*awsapi.Operation{
		"user pools": userpool.Operations(), "identity pools": identitypool.Operations(), "Sync": cognitosync.Operations(),
	}
	rows := progress.FindAllStringSubmatch(readme(t), -1)
	if len(rows) != len(tables) {
		t.Fatalf("the README counts the operations of %d services, want %d", len(rows), len(tables))
	}
	for _, row := range rows {
		done := 0
		for _, op := range tables[row[1]] {
			if op.Built {
				done++
			}
		}
		if row[2] != strconv.Itoa(done) || row[3] != strconv.Itoa(len(tables[row[1]])) {
			t.Errorf("the README says that %s of %s operations of %s are done; they are %d of %d", row[2], row[3], row[1], done, len(tables[row[1]]))
		}
	}
}

// tryIt is the block of the README that is typed beside `make run`.
var tryIt = regexp.MustCompile("(?s)## Try it.*?```sh\n(.*?)```")

// The README's lines run as they are written.
func TestReadmeLinesRun(t *testing.T) {
	t.Parallel()
	block := tryIt.FindStringSubmatch(readme(t))
	if block == nil {
		t.Fatal("the README has nothing to try")
	}
	if _, err := exec.LookPath("aws"); err != nil {
		t.Log("the AWS CLI is not installed: the README's lines were not run")
		return
	}
	s := start(t, nil, "dev")
	cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(block[1], "http://127.0.0.1:9229", s.url))
	cmd.Env = clean(os.Environ())
	out, _ := cmd.CombinedOutput() // one of the lines is meant to fail
	for _, want := range []string{"AccessToken", "NotAuthorizedException", "CodeDeliveryDetails", `"code":"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the lines do not print %s:\n%s", want, out)
		}
	}
}
