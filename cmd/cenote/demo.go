package main

import (
	"fmt"
	"io"
	"strings"
)

// demoFixture is the demo pool in the form of an import.
func demoFixture(poolID string) io.Reader {
	return strings.NewReader(fmt.Sprintf(`{"UserPools": [{
  "UserPool": {"Id": %q, "Name": "demo", "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": false}},
  "Clients": [{"ClientId": %q, "ClientName": "demo", "ExplicitAuthFlows":
    ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}],
  "Users": [{"Username": %q, "Password": %q, "Attributes": {"email": %q, "email_verified": "true"}}]
}]}`, poolID, demoClient, demoUser, demoPassword, demoUser))
}
