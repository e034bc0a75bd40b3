package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
)

// startLambda serves functions as AWS Lambda's Invoke API does, each by its name, and returns the address.
func startLambda(t *testing.T, functions map[string]any) string {
	t.Helper()
	mux := http.NewServeMux()
	for name, function := range functions {
		handler := lambda.NewHandler(function)
		mux.HandleFunc("POST /2015-03-31/functions/"+name+"/invocations", func(w http.ResponseWriter, r *http.Request) {
			payload, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			answer, err := handler.Invoke(r.Context(), payload)
			if err != nil {
				w.Header().Set("X-Amz-Function-Error", "Unhandled")
				answer, _ = json.Marshal(map[string]string{"errorMessage": err.Error(), "errorType": "errorString"})
			}
			_, _ = w.Write(answer)
		})
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}
