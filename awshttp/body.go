package awshttp

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/awsapi"
)

const (
	firstBuffer = 2 << 10
	keepBuffer  = 64 << 10 // larger buffers are not kept for other requests

	mediaJSON11 = "application/x-amz-json-1.1"
	mediaJSON   = "application/json"
)

const errMediaType awsapi.Code = "UnsupportedMediaTypeException"

// errNotJSON11 stands for a request that has a target but not the protocol's content type. AWS takes it for another
// protocol and answers as to an unknown operation (ERR-011).
var errNotJSON11 = errors.New("awshttp: not a JSON 1.1 request")

// checkContentType refuses a body that is declared to be something else. A browser sends neither of the media types to
// another origin without asking first.
func (x *exchange) checkContentType() error {
	lines := x.r.Header["Content-Type"]
	media := ""
	if len(lines) == 1 {
		media, _, _ = strings.Cut(lines[0], ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	switch {
	case !x.route.rest():
		if media != mediaJSON11 {
			return errNotJSON11
		}
	case len(lines) > 0 && media != mediaJSON && media != mediaJSON11:
		return &awsapi.Error{Code: errMediaType, Status: http.StatusUnsupportedMediaType}
	case len(lines) == 0 && x.r.ContentLength != 0 && x.h.dev != nil:
		return &awsapi.Error{Code: errMediaType, Status: http.StatusUnsupportedMediaType}
	}
	return nil
}

// readBody reads the body into a buffer of the pool. Later calls return what the first one did.
func (x *exchange) readBody() ([]byte, error) {
	if x.body == nil && x.bodyErr == nil {
		x.body, x.bodyErr = x.receive()
	}
	return x.body, x.bodyErr
}

func (x *exchange) receive() ([]byte, error) {
	limit := x.h.maxBody
	if x.r.ContentLength > limit {
		return nil, errTooLarge
	}
	buf := x.buffer()
	b := *buf
	if x.r.Body == nil { // a request that a program made
		return b, nil
	}
	b = slices.Grow(b, int(min(max(x.r.ContentLength, 0)+1, keepBuffer))) // one more finds the end without growing
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)] // grows with what has arrived, not with what was announced
		}
		n, err := x.r.Body.Read(b[len(b):min(int64(cap(b)), limit+1)])
		b = b[:len(b)+n]
		*buf = b
		switch {
		case int64(len(b)) > limit:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return b, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, errTooSlow.With(err)
		case err != nil:
			return nil, errCutOff.With(err)
		}
	}
}

var (
	errTooLarge = awsapi.ErrRequestEntityTooLarge.New("The request is too large.")
	errTooSlow  = &awsapi.Error{Code: "RequestTimeoutException", Message: "The request did not arrive in time.", Status: http.StatusRequestTimeout}
	errCutOff   = awsapi.ErrSerialization.New("The body could not be read.")
)

// buffer returns an empty buffer that lives until the answer is written.
func (x *exchange) buffer() *[]byte {
	buf, ok := x.h.buffers.Get().(*[]byte)
	if !ok {
		buf = new(make([]byte, 0, firstBuffer))
	}
	i := 0
	if x.buffers[i] != nil {
		i = 1
	}
	x.buffers[i] = buf
	return buf
}

// release gives the buffers back.
func (x *exchange) release() {
	for _, buf := range x.buffers {
		if buf != nil && cap(*buf) <= keepBuffer {
			*buf = (*buf)[:0]
			x.h.buffers.Put(buf)
		}
	}
}
