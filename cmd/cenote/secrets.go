package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/cenote-auth/cenote/iam"
	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/internal/seal"
)

// secrets is what a production server has to be given: master keys and administrators.
type secrets struct {
	master [][]byte
	admins []iam.AccessKey
}

// secrets reads master keys and administrators' access keys. Only for a new embedded store does it make them, beside the
// data and not in it, for nobody but the owner to read: a copy of the directory opens nothing (C7). A store that exists is
// never answered with a new key.
func (c *serveCommand) secrets(log *slog.Logger) (secrets, error) {
	var s secrets
	embedded := c.Data != ""
	fresh := embedded && empty(c.Data)
	keyFile, adminFile := c.MasterKeyFile, c.AdminKeys
	if embedded && keyFile == "" {
		keyFile = filepath.Clean(c.Data) + ".key"
	}
	if embedded && adminFile == "" {
		adminFile = filepath.Clean(c.Data) + ".credentials"
	}
	var err error
	switch {
	case len(c.MasterKey) > 0:
		s.master, err = parseKeys(c.MasterKey)
	case keyFile != "":
		s.master, err = keysFrom(keyFile, fresh, log)
	default:
		err = errors.New("a PostgreSQL store needs --master-key-file or CENOTE_MASTER_KEY")
	}
	if err != nil {
		return s, err
	}
	if adminFile == "" {
		return s, errors.New("a PostgreSQL store needs --admin-keys")
	}
	s.admins, err = adminsFrom(adminFile, fresh, c.AccountID, log)
	return s, err
}

// empty reports whether there is no store in a directory.
func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0
}

func parseKeys(texts []string) ([][]byte, error) {
	var out [][]byte
	for i, text := range texts {
		k, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(k) != seal.KeySize {
			return nil, fmt.Errorf("master key %d is not base64 of %d bytes", i+1, seal.KeySize)
		}
		out = append(out, k)
	}
	return out, nil
}

// keysFrom reads a file of master keys, and makes it if it may.
func keysFrom(file string, make bool, log *slog.Logger) ([][]byte, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && make {
		key := [seal.KeySize]byte{}
		if _, err := rand.Read(key[:]); err != nil {
			return nil, err
		}
		data = []byte(base64.StdEncoding.EncodeToString(key[:]) + "\n")
		if err := writeSecret(file, data); err != nil {
			return nil, fmt.Errorf("make the master key: %w", err)
		}
		log.Info("made a master key: keep a copy elsewhere, without it the data is lost", "file", file)
	} else if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	return parseKeys(strings.Fields(string(data)))
}

// adminsFrom reads a file of access keys, and makes it if it may.
func adminsFrom(file string, make bool, account string, log *slog.Logger) ([]iam.AccessKey, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && make {
		id, err := ident.ClientID(rand.Reader)
		if err != nil {
			return nil, err
		}
		secret, err := ident.ClientSecret(rand.Reader)
		if err != nil {
			return nil, err
		}
		data = fmt.Appendf(nil, "[cenote]\naws_access_key_id = AKIA%s\naws_secret_access_key = %s\n", strings.ToUpper(id[:16]), secret)
		if err := writeSecret(file, data); err != nil {
			return nil, fmt.Errorf("make an administrator's access key: %w", err)
		}
		log.Info("made an administrator's access key: AWS_SHARED_CREDENTIALS_FILE takes the file, profile cenote", "file", file)
	} else if err != nil {
		return nil, fmt.Errorf("read the administrators' access keys: %w", err)
	}
	return parseCredentials(data, account)
}

// writeSecret makes a file that only its owner reads, and never replaces one.
func writeSecret(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// parseCredentials reads AWS's credentials file: a section for each administrator, who is named after it.
func parseCredentials(data []byte, account string) ([]iam.AccessKey, error) {
	var out []iam.AccessKey
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(name, "]") {
			name = strings.TrimSuffix(name, "]")
			out = append(out, iam.AccessKey{Principal: iam.Principal{
				ARN: "arn:aws:iam::" + account + ":user/" + name, Account: account,
			}})
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || len(out) == 0 {
			return nil, fmt.Errorf("access keys, line %d: neither [name] nor key = value", n)
		}
		k := &out[len(out)-1]
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "aws_access_key_id":
			k.ID = value
		case "aws_secret_access_key":
			k.Secret = iam.Secret(value)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the file of access keys names no administrator")
	}
	return out, lines.Err()
}
