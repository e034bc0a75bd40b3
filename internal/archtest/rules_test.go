package archtest_test

const module = "github.com/cenote-auth/cenote"

// A layer holds packages, by their path in the module; "." is the root and "x/..." is x and all below it.
type layer struct {
	packages []string
	siblings bool // packages of this layer may import each other
}

// layers are the module from top to bottom. A package imports from the layers below its own and from no other. The
// first pattern that fits decides, the longest pattern first.
var layers = []layer{
	{packages: []string{"examples/...", "e2e/..."}},
	{packages: []string{"cmd/..."}, siblings: true},
	{packages: []string{"cenotetest/..."}, siblings: true},
	{packages: []string{"."}},
	{packages: []string{"oidc/...", "gateway/...", "sync/syncclient"}},
	{packages: []string{"userpool", "identitypool", "sync"}},
	{packages: []string{"awshttp"}},
	{packages: []string{"store/memory", "store/pebble", "store/postgres", "store/storetest", "message/smtp", "message/webhook", "compromised"}},
	{packages: []string{"internal/..."}, siblings: true},
	{packages: []string{"iam", "trigger", "message", "store", "risk"}},
	{packages: []string{"internal/ident", "internal/seal", "internal/gate", "internal/egress"}, siblings: true},
	{packages: []string{"awsapi", "srp", "token", "store/driver", "internal/pgtest", "internal/archtest", "internal/testreport",
		"webauthntest"}}, // the other side of a protocol: knows nothing of ours, so that every package's tests can have it
}

// within are packages made of several: each may import its own subpackages and is imported by them.
var within = []string{"oidc", "gateway", "cmd/cenote", "cenotetest"}

// withoutHTTP do not import net/http themselves: what they mean is the same without a network.
var withoutHTTP = []string{"userpool", "identitypool", "sync", "store", "store/driver", "store/memory", "store/pebble",
	"store/postgres", "srp", "internal/engine", "internal/wire"}

// owners says which packages may import a third-party module, tests aside. A module that is missing here has no reason
// to be in go.mod. "*" is every package.
var owners = map[string][]string{
	"github.com/alecthomas/kong":                    {"cmd/..."},
	"github.com/aws/aws-lambda-go":                  {"examples/..."},
	"github.com/aws/aws-sdk-go-v2":                  {"cenotetest/...", "examples/...", "e2e/..."},
	"github.com/aws/smithy-go":                      {"cenotetest/...", "examples/...", "e2e/..."},
	"github.com/cockroachdb/pebble/v2":              {"store/pebble"},
	"github.com/coreos/go-oidc/v3":                  {"oidc/..."},
	"github.com/crewjam/saml":                       {"oidc/..."},
	"github.com/go-jose/go-jose/v4":                 {"token", "oidc/...", "userpool", "internal/..."},
	"github.com/go-webauthn/webauthn":               {"userpool", "oidc/...", "internal/...", "cenotetest/..."},
	"github.com/golang-jwt/jwt/v5":                  {"token"},
	"github.com/google/uuid":                        {"*"},
	"github.com/jackc/pgx/v5":                       {"store/postgres", "internal/pgtest", "cmd/...", "examples/...", "e2e/..."},
	"github.com/mattermost/xml-roundtrip-validator": {"oidc/..."},
	"github.com/pquerna/otp":                        {"userpool", "internal/...", "cenotetest/...", "e2e/..."},
	"github.com/prometheus/client_golang":           {"cmd/..."},
	"github.com/russellhaering/goxmldsig":           {"oidc/..."},
	"github.com/wneessen/go-mail":                   {"message/smtp"},
	"go.opentelemetry.io/otel":                      {"*"},
	"go.opentelemetry.io/otel/metric":               {"*"},
	"go.opentelemetry.io/otel/trace":                {"*"},
	"go.opentelemetry.io/otel/exporters/prometheus": {"cmd/..."},
	"go.opentelemetry.io/otel/sdk":                  {"cmd/...", "examples/..."},
	"go.opentelemetry.io/otel/sdk/metric":           {"cmd/...", "examples/..."},
	"golang.org/x/crypto":                           {"*"},
	"golang.org/x/net":                              {"oidc/..."},
	"golang.org/x/oauth2":                           {"oidc/..."},
	"golang.org/x/sync":                             {"*"},
	"golang.org/x/sys":                              {"store/pebble", "cmd/..."},
	"golang.org/x/text":                             {"*"},
	"golang.org/x/time":                             {"*"},
}

// embeddable are what other programs import. They compile none of edges into their importers.
var embeddable = []string{".", "awsapi", "userpool", "identitypool", "sync", "sync/syncclient", "oidc", "gateway", "awshttp",
	"iam", "trigger", "message", "risk", "token", "srp", "store", "store/driver", "store/memory"}

// edges are import path prefixes that only those get who ask for them by name.
var edges = []string{
	"github.com/cockroachdb/", "github.com/jackc/", "go.etcd.io/bbolt", // databases
	"github.com/alecthomas/kong",                                  // the command line
	"github.com/aws/",                                             // AWS's own clients
	"github.com/wneessen/go-mail",                                 // SMTP
	"github.com/stretchr/testify", "testing", "net/http/httptest", // tests
	"go.opentelemetry.io/otel/sdk", "github.com/prometheus/", // the host program chooses its exporter
	module + "/cenotetest",   // fixed keys
	module + "/webauthntest", // an authenticator that lies when told to
	module + "/internal/pgtest", module + "/internal/testkeys",
}

// fewModules bounds the third-party modules that one package brings along.
var fewModules = map[string][]string{
	"awsapi":       {},
	"srp":          {},
	"store/driver": {},
	"token":        {"github.com/golang-jwt/jwt/v5", "github.com/go-jose/go-jose/v4"},
}

// A use is how a name may be used although it is on the list.
type use int

const (
	never     use = iota
	asDefault     // it may be assigned, returned or stand in a literal: the default of an injected value
	asType        // it may be named as a type, but no value of it is made
)

// A name is a function, variable or type of another package that stays out of the library's code.
type name struct {
	path, names string // import path, and names parted by spaces; "*" is all
	allowed     use
	instead     string   // what the message recommends
	except      []string // packages and files that have a reason
}

// programs run on their own: they have the real clock, the environment and standard output.
var programs = []string{"cmd/...", "examples/...", "e2e/...", "internal/gen", "internal/testreport", "internal/pgtest"}

// forbidden is checked in all code that is not a test.
var forbidden = []name{
	{path: "time", names: "Now", allowed: asDefault, instead: "the injected clock (Config.Now)", except: []string{"cenotetest/...", "store/storetest"}},
	{path: "time", names: "Since Until", instead: "the injected clock (Config.Now)", except: []string{"cenotetest/...", "store/storetest"}},
	{path: "time", names: "Sleep Tick NewTicker", instead: "a method that the owner calls; the library has no timers",
		except: []string{"userpool/run.go", "run.go"}}, // Run is such a method
	{path: "time", names: "After AfterFunc NewTimer", instead: "a context's deadline; the library has no timers",
		except: []string{"trigger", "internal/gate", "store/postgres", "store/pebble", "store/storetest"}}, // bounded waits: a foreign call's grace, a queue, pauses between retries
	{path: "crypto/rand", names: "Reader", allowed: asDefault, instead: "the injected randomness (Config.Rand)", except: []string{"cenotetest/..."}},
	{path: "crypto/rand", names: "Read Text Int Prime", instead: "the injected randomness (Config.Rand)", except: []string{"cenotetest/..."}},
	{path: "math/rand", names: "*", instead: "the injected randomness (Config.Rand)"},
	{path: "math/rand/v2", names: "*", instead: "the injected randomness (Config.Rand)",
		except: []string{"store/postgres", "store/pebble", "store/storetest"}}, // jitter, random histories
	{path: "github.com/google/uuid", names: "New NewString NewRandom NewUUID NewV6 NewV7 SetRand EnableRandPool",
		instead: "uuid.NewRandomFromReader"}, // M10: SetRand is global
	{path: "net/http", names: "DefaultClient DefaultTransport Get Head Post PostForm", instead: "internal/egress, which checks the address at each dial"},
	{path: "net/http", names: "Client Transport", allowed: asType, instead: "internal/egress, which checks the address at each dial",
		except: []string{"internal/egress", "trigger", "message/webhook", "compromised", "token", "cenotetest/..."}}, // H8: the endpoints of all but the first come from the operator
	{path: "os", names: "Getenv LookupEnv Environ", instead: "a field of Config"},
	{path: "os", names: "Exit Stdout Stderr", instead: "an error, or the logger of Config", except: []string{"cenotetest/..."}},
	{path: "fmt", names: "Print Printf Println", instead: "the logger of Config"},
	{path: "log", names: "*", instead: "log/slog, with the logger of Config"},
}

// maySleep are the tests that may poll with time.Sleep: what they measure is another process.
var maySleep = []string{"internal/bench"}

// maxLines is the length of a hand-written file; above it, an idea has to leave.
const maxLines = 500
