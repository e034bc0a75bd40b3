package userpool

import (
	"context"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
)

// Clients have no tags. Other emulators let the name choose the id: "_custom_id_:my-app". The API's names have no colon, so that
// the name would not pass the model's check. With Config.CustomIDs such a name passes the check with an equals sign in place of
// its colon, and gets the colon back afterwards.
const (
	customClientPrefix = "_custom_id_:"
	checkedPrefix      = "_custom_id_="
)

// passCustomClientNames is the interceptor that lets these names pass.
func passCustomClientNames(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) {
	call := *c
	switch in := c.Input.(type) {
	case *CreateUserPoolClientInput:
		changed := *in
		changed.ClientName = checkedClientName(in.ClientName)
		call.Input = &changed
	case *UpdateUserPoolClientInput:
		changed := *in
		changed.ClientName = checkedClientName(in.ClientName)
		call.Input = &changed
	}
	return next(ctx, &call)
}

func checkedClientName(name string) string {
	if id, ok := strings.CutPrefix(name, customClientPrefix); ok {
		return checkedPrefix + id
	}
	return name
}

// spokenClientName gives a name its colon back.
func spokenClientName(name string) string {
	if id, ok := strings.CutPrefix(name, checkedPrefix); ok {
		return customClientPrefix + id
	}
	return name
}

// customClientID returns the id that a client's name asks for, or "".
func customClientID(name string) string {
	id, ok := strings.CutPrefix(name, customClientPrefix)
	if !ok {
		return ""
	}
	return id
}
