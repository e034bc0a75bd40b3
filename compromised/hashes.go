package compromised

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Hashes is a sorted list of SHA-1 hashes that is searched where it lies: the collection of a billion passwords takes no memory.
// Each line is a hash in hexadecimal digits and, after a colon, how often it was seen, which is not looked at. It is safe for
// concurrent use.
type Hashes struct {
	from io.ReaderAt
	size int64
	file *os.File // nil if somebody else closes it
}

// maxLine is the length of a line, in bytes, its end included.
const maxLine = 128

// errHashLine is a line that is no hash. The line stays out of it.
var errHashLine = errors.New("compromised: want lines of 40 hexadecimal digits, sorted")

// OpenHashes opens a file. It looks at its ends only: a file that is not sorted finds less than it holds.
func OpenHashes(path string) (*Hashes, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("compromised: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compromised: open %s: %w", path, err), f.Close())
	}
	h, err := NewHashes(f, info.Size())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	h.file = f
	return h, nil
}

// NewHashes is OpenHashes for anything that can be read at a place.
func NewHashes(from io.ReaderAt, size int64) (*Hashes, error) {
	h := &Hashes{from: from, size: size}
	if size == 0 {
		return h, nil
	}
	first, _, err := h.lineFrom(0)
	if err != nil {
		return nil, err
	}
	last, _, err := h.lineFrom(h.lineStart(size - 1))
	if err != nil {
		return nil, err
	}
	if first > last {
		return nil, errHashLine
	}
	return h, nil
}

// Close closes the file that OpenHashes opened.
func (h *Hashes) Close() error {
	if h.file == nil {
		return nil
	}
	return h.file.Close()
}

// Compromised reports whether the password's hash is in the file.
func (h *Hashes) Compromised(ctx context.Context, password string) (bool, error) {
	want := sumOf(password)
	low, high := int64(0), h.size // the line is at low or behind, and begins before high
	for low < high {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		start := h.lineStart(low + (high-low)/2)
		if start < 0 {
			return false, errHashLine
		}
		sum, next, err := h.lineFrom(start)
		if err != nil {
			return false, err
		}
		switch strings.Compare(sum, want) {
		case 0:
			return true, nil
		case -1:
			low = next
		default:
			high = start
		}
	}
	return false, nil
}

// lineStart returns where the line begins that the byte at a place belongs to, its end included; -1 if that is too far away.
func (h *Hashes) lineStart(at int64) int64 {
	from := max(at-maxLine, 0)
	buf := make([]byte, at-from)
	if _, err := h.from.ReadAt(buf, from); err != nil && !errors.Is(err, io.EOF) {
		return -1
	}
	if i := bytes.LastIndexByte(buf, '\n'); i >= 0 {
		return from + int64(i) + 1
	}
	if from == 0 {
		return 0
	}
	return -1
}

// lineFrom returns the hash of the line that begins at a place, in upper case, and where the next line begins.
func (h *Hashes) lineFrom(start int64) (sum string, next int64, err error) {
	if start < 0 {
		return "", 0, errHashLine
	}
	buf := make([]byte, maxLine)
	n, err := h.from.ReadAt(buf, start)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, fmt.Errorf("compromised: read: %w", err)
	}
	line := buf[:n]
	next = start + int64(n)
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		next = start + int64(i) + 1
		line = line[:i]
	} else if n == maxLine {
		return "", 0, errHashLine
	}
	line, _, _ = bytes.Cut(bytes.TrimSuffix(line, []byte("\r")), []byte(":"))
	if sum = strings.ToUpper(string(line)); len(sum) != hashDigits || !isHex(sum) {
		return "", 0, errHashLine
	}
	return sum, next, nil
}

func isHex(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !('0' <= r && r <= '9' || 'A' <= r && r <= 'F') })
}
