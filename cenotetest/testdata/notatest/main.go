// Notatest asks for the keys of tests outside of a test.
package main

import (
	"context"
	"log"

	"github.com/cenote-auth/cenote/internal/testkeys"
	"github.com/cenote-auth/cenote/token"
)

func main() {
	if _, _, err := testkeys.Make(context.Background(), "us-east-1_Example01", token.Access); err != nil {
		log.Fatal(err)
	}
}
