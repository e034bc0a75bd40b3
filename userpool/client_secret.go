package userpool

import (
	"slices"
	"strconv"
	"time"
)

// sealSecret returns the record of a further secret of the client. Its id tells when it was made, to the second; of two within
// one second the later one is told to be of the next (AUTH-080).
func (c *clientRecord) sealSecret(crypt poolCrypt, secret string, now time.Time) (clientSecret, error) {
	at := now.Unix()
	id := func() string { return c.id() + "--" + strconv.FormatInt(at, 10) }
	for slices.ContainsFunc(c.Secrets, func(s clientSecret) bool { return s.ID == id() }) {
		at++
	}
	sealed, err := crypt.seal(fieldSecret, c.id()+"/"+id(), []byte(secret))
	return clientSecret{ID: id(), Sealed: sealed, Created: now}, err
}
