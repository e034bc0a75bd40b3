// Package compromised has sources that know which passwords are in the hands of attackers, for threat protection of user pools:
// a plain list, a file of hashes that is searched on disk, and a service that is asked by the first characters of a hash.
//
//	known, err := compromised.OpenHashes("/var/lib/pwned-passwords.txt")
//	…
//	userpool.Config{CompromisedPasswords: known}
//
// All of them answer userpool.CompromisedPasswords. A source that fails lets the password pass, with a line in the pool's log:
// one that is down locks nobody out. Errors hold neither a password nor a hash of one.
package compromised

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// sumOf is the SHA-1 of a password, in upper case, which is how the collections are kept. It protects nothing.
func sumOf(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// hashDigits is the length of a SHA-1 in hexadecimal digits.
const hashDigits = 2 * sha1.Size

// List is a collection of passwords in memory, as hashes.
type List struct {
	sums map[[sha1.Size]byte]struct{}
}

// maxPassword is the length of a line of a list, in bytes: four for each of the 256 characters that a password can have.
const maxPassword = 1024

// ReadList reads passwords, one a line. Empty lines are left out; a carriage return at the end is not part of a password.
func ReadList(r io.Reader) (*List, error) {
	l := &List{sums: map[[sha1.Size]byte]struct{}{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxPassword+2)
	for n := 1; lines.Scan(); n++ {
		if line := lines.Text(); line != "" {
			l.sums[sha1.Sum([]byte(line))] = struct{}{}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("compromised: read a list: %w", err)
	}
	return l, nil
}

// Compromised reports whether the password is in the list.
func (l *List) Compromised(_ context.Context, password string) (bool, error) {
	_, ok := l.sums[sha1.Sum([]byte(password))]
	return ok, nil
}
