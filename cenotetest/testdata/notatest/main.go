// Notatest uses the helper outside of a test.
package main

import (
	"log"

	"github.com/cenote-auth/cenote/cenotetest"
)

type tb struct{}

func (tb) Helper()                           {}
func (tb) Cleanup(func())                    {}
func (tb) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func main() {
	c := cenotetest.Run(tb{})
	c.Pool(tb{}, cenotetest.Pool{})
}
