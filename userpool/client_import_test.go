package userpool_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cenote-auth/cenote/userpool"
)

// What DescribeUserPoolClient tells of a client makes the same client elsewhere, its secret included.
func TestImportDescribedClient(t *testing.T) {
	t.Parallel()
	a := setup(t).app()
	a = a.sibling(rotating(20), hides, withSecret, lifetimes(2, "", 90, "minutes", 0, "hours"))
	body, err := a.Invoke(t.Context(), "DescribeUserPoolClient", fmt.Appendf(nil, `{"UserPoolId":%q,"ClientId":%q}`, a.pool, a.client))
	check(t, err)
	var told struct{ UserPoolClient json.RawMessage }
	check(t, json.Unmarshal(body, &told))
	other := a
	other.bench = setup(t)
	document := fmt.Sprintf(`{"UserPools":[{"UserPool":{"Id":%q},"Clients":[%s]}]}`, a.pool, told.UserPoolClient)
	check(t, other.Import(t.Context(), strings.NewReader(document)))
	if got, want := other.clientOf(a.client), a.clientOf(a.client); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}

	foreign := strings.Replace(document, string(userpool.ClientTypeTypeRegular), string(userpool.ClientTypeTypeDcr), 1)
	err = setup(t).Import(t.Context(), strings.NewReader(foreign))
	if err == nil || !strings.Contains(err.Error(), "ClientType DCR is not available") {
		t.Errorf("a client that registered itself is imported: %v", err)
	}
}
