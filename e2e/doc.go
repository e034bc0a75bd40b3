// Package e2e holds the tests that run the clients people have, unmodified, against the binary: AWS's SDKs for Go and
// JavaScript, amazon-cognito-identity-js, aws-jwt-verify, Chromium with passkeys, and the AWS CLI and boto3 where they are
// installed. The JavaScript clients are pinned in package.json and come with `make setup`.
package e2e
