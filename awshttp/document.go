package awshttp

import (
	"net/http"
	"strings"
)

// isDocument reports whether a request asks for a document of a pool rather than for an operation. No operation has such a
// path.
func isDocument(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.URL.Path, "/.well-known/")
}

// document passes the request on, and notes the status for the log.
func (x *exchange) document() {
	w := statusWriter{ResponseWriter: x.w, status: http.StatusOK}
	x.h.documents.ServeHTTP(&w, x.r)
	x.status = w.status
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
