package awshttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/cenote-auth/cenote/awsapi"
)

// maxErrorHeader bounds x-amzn-ErrorMessage: messages can quote values of many kilobytes, which the body has in full.
const maxErrorHeader = 1 << 10

// succeed writes the output of an operation (ERR-001).
func (x *exchange) succeed(out []byte) {
	op := x.route.op
	switch {
	case op.NoOutput:
		out = nil
	case len(out) == 0:
		out = []byte("{}")
	}
	status := op.Status
	if status == 0 {
		status = http.StatusOK
	}
	x.write(status, x.mediaType(), "", out)
}

// fail writes an error (ERR-002, 003; SYNC-004 for rest-json).
func (x *exchange) fail(err error) {
	if errors.Is(err, errNotJSON11) {
		x.unknownOperation()
		return
	}
	e := awsapi.AsError(err)
	_, code, body := awsapi.WireError(e)
	if x.route.rest() {
		body = restBody(e)
	}
	x.code = code
	x.write(x.route.statusOf(e), x.mediaType(), e.Message, body)
}

// unknownOperation answers a request that names no operation: in JSON if it is a JSON 1.1 request, and else in the way of
// AWS's front end when no protocol fits (ERR-011).
func (x *exchange) unknownOperation() {
	x.code = string(awsapi.ErrUnknownOperation)
	probe := exchange{h: x.h, r: x.r, route: jsonProbe}
	if x.r.Method == http.MethodPost && probe.checkContentType() == nil {
		status, _, body := awsapi.WireError(awsapi.ErrUnknownOperation)
		x.write(status, mediaJSON11, "", body)
		return
	}
	x.write(http.StatusNotFound, "text/xml", "", []byte("<UnknownOperationException/>\n"))
}

// jsonProbe stands for whatever JSON 1.1 operation was meant.
var jsonProbe = &route{op: &awsapi.Operation{Service: &awsapi.Service{Protocol: awsapi.JSON11}}}

// misdirected answers a request for a host that is not ours, without anything that a foreign page could read.
func (x *exchange) misdirected() {
	x.status = http.StatusMisdirectedRequest
	http.Error(x.w, http.StatusText(x.status), x.status)
}

func (x *exchange) mediaType() string {
	if x.route.rest() {
		return mediaJSON
	}
	return mediaJSON11
}

// write sends the answer. Names are set in Go's canonical spelling, which is one of the many that HTTP takes for equal.
func (x *exchange) write(status int, mediaType, message string, body []byte) {
	x.status = status
	header := x.w.Header()
	values := make([]string, 7)
	set := func(name, value string) {
		values[0] = value
		header[name] = values[:1:1]
		values = values[1:]
	}
	set("Content-Type", mediaType)
	set("Content-Length", strconv.Itoa(len(body)))
	set("X-Amzn-Requestid", x.id)
	if x.code != "" {
		set("X-Amzn-Errortype", x.code+":")
		if message != "" {
			set("X-Amzn-Errormessage", headerSafe(message))
		}
	}
	x.cors.write(header, set)
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // whoever has gone cannot be told
}

// headerSafe makes a message fit for a header: printable ASCII, and not too much of it.
func headerSafe(s string) string {
	b := []byte(s[:min(len(s), maxErrorHeader)])
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = ' '
		}
	}
	return string(b)
}

// restStatuses are those of refused signatures, which rest-json services tell apart from other errors (SIGV4-040 to 044).
var restStatuses = map[awsapi.Code]int{
	awsapi.ErrMissingAuthentication: http.StatusForbidden,
	awsapi.ErrUnrecognizedClient:    http.StatusForbidden,
	awsapi.ErrInvalidSignature:      http.StatusForbidden,
	awsapi.ErrExpiredToken:          http.StatusForbidden,
}

// statusOf returns the status of an error at the service: its own, the service's, the protocol's, or the code's.
func (r *route) statusOf(e *awsapi.Error) int {
	if e.Status != 0 {
		return e.Status
	}
	for _, s := range r.op.Service.Statuses {
		if s.Code == e.Code {
			return s.Status
		}
	}
	if status, ok := restStatuses[e.Code]; ok && r.rest() {
		return status
	}
	return e.HTTPStatus()
}

// restBody is an error body without the type, which rest-json has in a header only (SIGV4-049).
func restBody(e *awsapi.Error) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(struct {
		Message string `json:"message"`
	}{e.Message}); err != nil { // a string always encodes
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
