// Package smtp delivers e-mail to a mail server, over github.com/wneessen/go-mail.
//
//	mail, err := smtp.New(smtp.Config{Addr: "smtp.example.com:587", From: "Example <no-reply@example.com>",
//		Username: "example", Password: password})
//
// The connection is encrypted unless the server is on this machine, and credentials never travel in the clear. Each
// message has a connection of its own.
package smtp
