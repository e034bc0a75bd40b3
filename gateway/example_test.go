package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cenote-auth/cenote/gateway"
	"github.com/cenote-auth/cenote/token"
)

// program is a tb that is no test.
type program struct{}

func (program) Helper()           {}
func (program) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func ExampleRequireJWT() {
	b := setup(program{}) // keys for the example; a service leaves Keys out and they are fetched from the issuer
	v, err := token.NewVerifier(token.VerifierConfig{
		Issuer: issuer, ClientIDs: []string{clientID}, Use: token.Access,
		Keys: token.StaticKeys{{ID: b.kid, Key: &b.key.PublicKey}}, Now: func() time.Time { return now },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := gateway.RequireJWT(gateway.Config{Verifier: v, Scopes: []string{"orders/read"}, Realm: "orders"})
	orders := guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := gateway.Claims(r.Context())
		fmt.Println("orders of", claims.Username)
	}))

	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	w := httptest.NewRecorder()
	orders.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))

	r.Header.Set("Authorization", "Bearer "+b.token(program{}, nil))
	orders.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// 401 Bearer realm="orders"
	// orders of ada
}
