package smtp_test

import (
	"fmt"

	"github.com/cenote-auth/cenote/message/smtp"
)

// Credentials need an encrypted connection, unless the server is on this machine.
func ExampleNew() {
	c := smtp.Config{
		Addr: "smtp.example.com:587", From: "Example <no-reply@example.com>", Username: "example", Password: "s3cret",
	}
	_, err := smtp.New(c)
	fmt.Println(err)
	c.Encryption = smtp.None
	_, err = smtp.New(c)
	fmt.Println(err)
	// Output:
	// <nil>
	// smtp: Username needs Encryption, or a server on this machine
}
