package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cenote-auth/cenote/internal/ident"
	"github.com/cenote-auth/cenote/internal/wire"
	"github.com/cenote-auth/cenote/store"
)

// maxImport bounds an import, in bytes.
const maxImport = 256 << 20

// importFile is an import: pools with what is in them, with the API's member names and the ids as they are given.
type importFile struct {
	UserPools []importPool
}

type importPool struct {
	UserPool json.RawMessage   // as DescribeUserPool tells it; Id is required
	Clients  []json.RawMessage // as DescribeUserPoolClient tells them; ClientId is required
	Groups   []json.RawMessage // as GetGroup tells them
	Users    []importUser
}

// importUser is a user. With a password he is confirmed, with a temporary one he has to change it; without any he has to reset
// it, as after an import from a file of Cognito's.
type importUser struct {
	Username   string
	Password   string
	Temporary  bool
	Disabled   bool
	Attributes map[string]string
	Groups     []string
}

// Import makes the pools of a JSON document, with their clients, groups and users, under the ids that it gives:
//
//	{"UserPools": [{
//	  "UserPool": {"Id": "us-east-1_Example01", "Name": "people", "UsernameAttributes": ["email"]},
//	  "Clients": [{"ClientId": "1example23456789", "ClientName": "web"}],
//	  "Groups": [{"GroupName": "admins", "Precedence": 0}],
//	  "Users": [{"Username": "ada@example.com", "Password": "Correct-Horse-9", "Groups": ["admins"],
//	             "Attributes": {"email": "ada@example.com", "email_verified": "true"}}]
//	}]}
//
// Settings are those of CreateUserPool and CreateUserPoolClient and are refused as there; an unknown member is an error. A pool
// that exists, and a client that it has, keep their settings: the import adds what is in them. Passwords need not conform to
// the pool's policy. The error says which pool, client or user is wrong; what came before it stays.
func (s *Service) Import(ctx context.Context, r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, maxImport+1))
	if err != nil {
		return fmt.Errorf("read the import: %w", err)
	}
	if len(data) > maxImport {
		return fmt.Errorf("the import has more than %d bytes", maxImport)
	}
	var file importFile
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return fmt.Errorf("parse the import: %w", err)
	}
	for i, p := range file.UserPools {
		if err := s.importPool(ctx, p); err != nil {
			return fmt.Errorf("import UserPools[%d]: %w", i, err)
		}
	}
	return nil
}

func (s *Service) importPool(ctx context.Context, in importPool) error {
	pool, id, err := importedPool(in.UserPool)
	if err != nil {
		return fmt.Errorf("UserPool: %w", err)
	}
	exists, err := s.Exists(ctx, id)
	if err == nil && !exists {
		_, err = s.makePool(ctx, pool, id)
	}
	if err != nil {
		return fmt.Errorf("UserPool: %w", err)
	}
	for i, raw := range in.Clients {
		c, clientID, err := importedClient(raw, id)
		if err == nil {
			_, err = s.poolClient(ctx, s.store.Read, id, clientID)
		}
		if errors.Is(err, ErrResourceNotFound) {
			_, err = s.makeClient(ctx, c, clientID)
		}
		if err != nil {
			return fmt.Errorf("Clients[%d]: %w", i, err)
		}
	}
	for i, raw := range in.Groups {
		g := new(CreateGroupInput)
		err := decodeImported(&shapeCreateGroupRequest, raw, g, map[string]any{"UserPoolId": id}, "LastModifiedDate", "CreationDate")
		if err == nil {
			_, err = s.createGroup(ctx, g)
		}
		if err != nil {
			return fmt.Errorf("Groups[%d]: %w", i, err)
		}
	}
	return s.importUsers(ctx, id, in.Users)
}

// importedPool turns what DescribeUserPool tells into what CreateUserPool asks.
func importedPool(raw json.RawMessage) (*CreateUserPoolInput, string, error) {
	var named struct {
		Id, Name         string
		SchemaAttributes []json.RawMessage
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, "", err
	}
	if named.Id == "" {
		return nil, "", errors.New("Id is missing")
	}
	set := map[string]any{"PoolName": named.Name}
	if named.Name == "" {
		set["PoolName"] = named.Id
	}
	if named.SchemaAttributes != nil {
		schema, err := importedSchema(named.SchemaAttributes)
		if err != nil {
			return nil, "", err
		}
		set["Schema"] = schema
	}
	in := new(CreateUserPoolInput)
	err := decodeImported(&shapeCreateUserPoolRequest, raw, in, set,
		"Id", "Name", "Arn", "Status", "CreationDate", "LastModifiedDate", "EstimatedNumberOfUsers", "SchemaAttributes")
	return in, named.Id, err
}

// importedSchema keeps the attributes that CreateUserPool takes: standard ones that can be configured, and custom ones without
// their prefix.
func importedSchema(list []json.RawMessage) ([]map[string]any, error) {
	var out []map[string]any
	for _, raw := range list {
		var a map[string]any
		if err := json.Unmarshal(raw, &a); err != nil {
			return nil, fmt.Errorf("SchemaAttributes: %w", err)
		}
		name, _ := a["Name"].(string)
		if short, ok := strings.CutPrefix(strings.TrimPrefix(name, "dev:"), "custom:"); ok {
			a["Name"] = short
		} else if !configurable[name] {
			continue
		}
		out = append(out, a)
	}
	return out, nil
}

func importedClient(raw json.RawMessage, poolID string) (*CreateUserPoolClientInput, string, error) {
	var named struct {
		ClientId, ClientName string
		ClientType           ClientTypeType
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, "", err
	}
	switch {
	case named.ClientId == "":
		return nil, "", errors.New("ClientId is missing")
	case named.ClientType != "" && named.ClientType != ClientTypeTypeRegular:
		return nil, "", fmt.Errorf("ClientType %s is not available in this version of cenote", named.ClientType)
	}
	set := map[string]any{"UserPoolId": poolID, "ClientName": named.ClientName}
	if named.ClientName == "" {
		set["ClientName"] = named.ClientId
	}
	in := new(CreateUserPoolClientInput)
	err := decodeImported(&shapeCreateUserPoolClientRequest, raw, in, set, "ClientId", "ClientType", "CreationDate", "LastModifiedDate")
	return in, named.ClientId, err
}

// decodeImported decodes a member of an import as the input of an operation: set replaces members, drop leaves them out, and
// every other one has to be known.
func decodeImported(shape *wire.Shape, raw json.RawMessage, in any, set map[string]any, drop ...string) error {
	members := map[string]any{}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil {
		return err
	}
	for _, name := range drop {
		delete(members, name)
	}
	maps.Copy(members, set)
	for name := range members {
		if !slices.ContainsFunc(shape.Members, func(m wire.Member) bool { return m.Name == name }) {
			return fmt.Errorf("unknown member %s", name)
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		return err
	}
	presence, err := wire.Decode(shape, body, in)
	if err != nil {
		return err
	}
	return wire.Check(shape, service.Validation, in, presence)
}

// importBatch is how many users one Update inserts.
const importBatch = 100

func (s *Service) importUsers(ctx context.Context, poolID string, list []importUser) error {
	sc, err := s.byPool(ctx, s.store.Read, poolID, "")
	if err != nil {
		return err
	}
	refs, err := s.groupRefs(ctx, sc.pool, list)
	if err != nil {
		return err
	}
	for start := 0; start < len(list); start += importBatch {
		batch := list[start:min(start+importBatch, len(list))]
		records := make([]*userRecord, len(batch))
		for i, u := range batch {
			if records[i], err = s.importedUser(ctx, sc, u, refs); err != nil {
				return fmt.Errorf("Users[%d]: %w", start+i, err)
			}
		}
		err := s.store.Update(ctx, func(tx *store.Tx) error {
			if _, err := s.again(ctx, tx, sc); err != nil {
				return err
			}
			for _, u := range records {
				if err := users.Of(poolID).Put(ctx, tx, u); err != nil {
					return err
				}
			}
			return nil
		})
		if c := store.AsConflict(err); c != nil {
			for i, u := range records {
				if what := sc.pool.taken(u, c); what != "sub" {
					return fmt.Errorf("Users[%d]: %w", start+i, sc.pool.nameTaken(u, c, true))
				}
			}
		}
		if err != nil {
			return fmt.Errorf("Users[%d…]: %w", start, err)
		}
	}
	return nil
}

// groupRefs reads the groups that the users name.
func (s *Service) groupRefs(ctx context.Context, p *poolRecord, list []importUser) (map[string]groupRef, error) {
	out := map[string]groupRef{}
	for i, u := range list {
		for _, name := range u.Groups {
			if _, known := out[name]; known {
				continue
			}
			find := groups.Of(p.id()).Find(name)
			if err := s.store.Read(ctx, find); err != nil {
				return nil, err
			}
			if find.Got == nil {
				return nil, fmt.Errorf("Users[%d]: no group %q", i, name)
			}
			out[name] = groupRef{ID: find.Got.ID, Name: name}
		}
	}
	return out, nil
}

func (s *Service) importedUser(ctx context.Context, sc scope, in importUser, refs map[string]groupRef) (*userRecord, error) {
	attrs := cloneMap(in.Attributes)
	if in.Username == "" || len(in.Username) > 128*4 || strings.ContainsFunc(in.Username, func(r rune) bool { return r <= ' ' }) {
		return nil, errors.New("Username is missing or has white space")
	}
	sub := attrs["sub"]
	delete(attrs, "sub")
	if err := sc.pool.nameForm(in.Username, attrs); err != nil {
		return nil, err
	}
	if err := sc.pool.checkNew(attrs, true); err != nil {
		return nil, err
	}
	u, err := s.newUser(sc.pool, in.Username, attrs)
	if err != nil {
		return nil, err
	}
	if sub != "" {
		if !ident.IsUUID(sub) {
			return nil, fmt.Errorf("sub %q is not a UUID", sub)
		}
		u.Sub = sub
	}
	u.Status, u.Disabled = UserStatusTypeResetRequired, in.Disabled
	for _, name := range in.Groups {
		u.Groups = append(u.Groups, refs[name])
	}
	if in.Password == "" {
		return u, nil
	}
	p, err := s.computePassword(ctx, scope{pool: sc.pool}, u.Sub, u.name(), in.Password)
	if err != nil {
		return nil, err
	}
	u.Password = &passwordRecord{Salt: p.salt, Sealed: p.sealed, Set: p.at}
	u.Status = UserStatusTypeConfirmed
	if in.Temporary {
		u.Status = UserStatusTypeForceChangePassword
	}
	return u, nil
}
