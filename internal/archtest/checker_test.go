package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// The rules are only as good as what finds their breach.
func TestForbiddenNamesAreFound(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, pkg, imports, body string
		broken                   bool
	}{
		{"the clock is called", "userpool", `"time"`, `_ = time.Now()`, true},
		{"the clock under another name", "userpool", `clock "time"`, `_ = clock.Now()`, true},
		{"the clock as a default", "userpool", `"time"`, `var now func() time.Time; now = time.Now; _ = now`, false},
		{"the clock in a literal", "userpool", `"time"`, `_ = struct{ Now func() time.Time }{Now: time.Now}`, false},
		{"the clock in a package with a reason", "cenotetest", `"time"`, `_ = time.Now()`, false},
		{"randomness as an argument", "userpool", `"crypto/rand"; "io"`, `_, _ = io.ReadFull(rand.Reader, nil)`, true},
		{"randomness for a key generation", "token", `"crypto/rand"; "crypto/rsa"`, `_, _ = rsa.GenerateKey(rand.Reader, 2048)`, false},
		{"another package of that name", "userpool", `"example.com/rand"`, `_ = rand.Read`, false},
		{"the default client", "oidc", `"net/http"`, `_, _ = http.DefaultClient.Do(nil)`, true},
		{"a client of one's own", "oidc", `"net/http"`, `_ = &http.Client{}`, true},
		{"a new transport", "oidc", `"net/http"`, `_ = new(http.Transport)`, true},
		{"a declared client", "oidc", `"net/http"`, `var c http.Client; _ = c`, true},
		{"a client that is handed in", "oidc", `"net/http"`, `var c *http.Client; _ = c`, false},
		{"a client to the operator's endpoint", "trigger", `"net/http"`, `_ = &http.Client{}`, false},
		{"math/rand", "store", `"math/rand/v2"`, `_ = rand.N(3)`, true},
		{"the environment", "message", `"os"`, `_ = os.Getenv("HOME")`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, "x.go", "package x; import ("+tt.imports+"); func f() { "+tt.body+" }", parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			src := &source{name: "x.go", pkg: tt.pkg, file: file, set: set, imports: importsOf(file)}
			broken := false
			var parents []ast.Node
			ast.Inspect(file, func(n ast.Node) bool {
				if n == nil {
					parents = parents[:len(parents)-1]
					return true
				}
				broken = broken || src.broken(n, parents) != nil
				parents = append(parents, n)
				return true
			})
			if broken != tt.broken {
				t.Errorf("broken = %v, want %v", broken, tt.broken)
			}
		})
	}
}

func TestLayersTellParts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		above, below string
	}{
		{"cmd/cenote", "."}, {".", "oidc"}, {"oidc", "userpool"}, {"userpool", "store/memory"}, {"userpool", "internal/engine"},
		{"store/memory", "store/driver"}, {"store", "store/driver"}, {"internal/engine", "internal/gate"}, {"message/smtp", "message"},
		{"message", "internal/ident"}, {"iam", "awsapi"}, {"sync/syncclient", "sync"}, {"cenotetest", "."},
	}
	for _, tt := range tests {
		above, ok := layerOf(tt.above)
		below, ok2 := layerOf(tt.below)
		if !ok || !ok2 || above >= below {
			t.Errorf("%s is in layer %d, %s in layer %d", tt.above, above, tt.below, below)
		}
	}
	if _, ok := layerOf("elsewhere"); ok {
		t.Error("a package without a place has a layer")
	}
}
