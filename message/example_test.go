package message_test

import (
	"context"
	"fmt"

	"github.com/cenote-auth/cenote/message"
)

// An Outbox is where tests read what the service sent.
func ExampleOutbox() {
	var box message.Outbox
	err := box.SendEmail(context.Background(), message.Email{
		Meta: message.Meta{Kind: message.SignUp, Code: "123456"},
		To:   "ada@example.com", Subject: "Your verification code", HTML: "Your verification code is 123456. ",
	})
	fmt.Println(box.LastCode("ada@example.com"), err)
	m, _ := box.Last("ada@example.com")
	fmt.Println(m) // printed, a message keeps its secrets
	// Output:
	// 123456 <nil>
	// [medium=EMAIL destination=a***@e*** kind=SignUp pool= client=]
}

// Values from outside are escaped where the template is HTML, and are never templates themselves.
func ExampleRender() {
	v := message.Values{Username: "<ada> {####}", Code: "123456"}
	fmt.Println(message.Render("Hello <b>{username}</b>: {####}", message.HTML, v))
	fmt.Println(message.Render("Hello {username}: {####}", message.Plain, v))
	// Output:
	// Hello <b>&lt;ada&gt; {####}</b>: 123456
	// Hello <ada> {####}: 123456
}
