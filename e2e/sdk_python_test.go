package e2e_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"
)

// The AWS CLI and boto3, each where it is installed. Both are botocore, which knows the wire form from its own models.
func TestPythonClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, start(t, nil, "dev"), anyone)
	env := append(clean(os.Environ()), "AWS_ACCESS_KEY_ID="+w.keys.accessKey, "AWS_SECRET_ACCESS_KEY="+w.keys.secretKey,
		"AWS_DEFAULT_REGION="+region, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")

	if aws, err := exec.LookPath("aws"); err == nil {
		t.Run("aws", func(t *testing.T) { testCLI(t, w, aws, env) })
	} else {
		t.Log("the AWS CLI is not installed: nothing of it was tested")
	}
	if exec.Command("python3", "-c", "import boto3").Run() == nil {
		t.Run("boto3", func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "python3", "clients/boto3_client.py", w.url, w.pool, w.client)
			cmd.Env = env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	} else {
		t.Log("boto3 is not installed: nothing of it was tested")
	}
}

func testCLI(t *testing.T, w *world, aws string, env []string) {
	run := func(args ...string) map[string]any {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), aws, append([]string{"--endpoint-url", w.url, "--output", "json", "cognito-idp"}, args...)...)
		cmd.Env = env
		out, err := cmd.Output()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("%v: %v\n%s", args, err, exit.Stderr)
		}
		check(t, err)
		answer := map[string]any{}
		if len(out) > 0 {
			check(t, json.Unmarshal(out, &answer))
		}
		return answer
	}
	const name = "cli@example.com"
	run("sign-up", "--client-id", w.client, "--username", name, "--password", password)
	run("confirm-sign-up", "--client-id", w.client, "--username", name, "--confirmation-code", w.code(t, name, "SignUp"))
	answer := run("initiate-auth", "--client-id", w.client, "--auth-flow", "USER_PASSWORD_AUTH",
		"--auth-parameters", "USERNAME="+name+",PASSWORD="+password)
	result, _ := answer["AuthenticationResult"].(map[string]any)
	token, _ := result["AccessToken"].(string)
	if token == "" {
		t.Fatalf("no access token in %v", answer)
	}
	user := run("get-user", "--access-token", token)
	if attributes, _ := user["UserAttributes"].([]any); len(attributes) == 0 {
		t.Errorf("get-user answers %v", user)
	}
	listed := run("list-users", "--user-pool-id", w.pool, "--filter", `email = "`+name+`"`)
	if users, _ := listed["Users"].([]any); len(users) != 1 {
		t.Errorf("list-users answers %v", listed)
	}
	run("change-password", "--access-token", token, "--previous-password", password, "--proposed-password", password+"8")
	run("global-sign-out", "--access-token", token)
}
