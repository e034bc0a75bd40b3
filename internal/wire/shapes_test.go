package wire_test

import (
	"encoding/json"
	"time"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/internal/wire"
)

// code is what the services of these tests call a violation.
const code awsapi.Code = "InvalidParameterException"

// person has one member of every kind, in the two forms that have one.
type person struct {
	Username  string
	Nickname  *string
	Color     color
	Enabled   bool
	Active    *bool
	Age       int32
	Rank      *int32
	Points    int64
	Born      time.Time
	Photo     []byte
	Settings  json.RawMessage
	Tags      []string
	Likes     []color
	Friends   []friend
	Labels    map[string]string
	Levels    map[string]friend
	Best      *friend
	Password  string
	Secrets   map[string]string
	Context   *origin
	Questions []string
}

type color string

type friend struct {
	Name  string
	Since int32
}

type origin struct{ Address string }

var (
	shapeName     = wire.Shape{Name: "Name", Kind: wire.String, Min: 1, HasMin: true, Max: 8, HasMax: true, Pattern: &wire.Pattern{Text: `[\p{L}\p{N}]+`}}
	shapeText     = wire.Shape{Name: "Text", Kind: wire.String}
	shapeColor    = wire.Shape{Name: "Color", Kind: wire.String, Enum: []string{"red", "blue"}}
	shapeBool     = wire.Shape{Name: "Bool", Kind: wire.Boolean}
	shapeAge      = wire.Shape{Name: "Age", Kind: wire.Integer, Min: 1, HasMin: true, Max: 150, HasMax: true}
	shapeLong     = wire.Shape{Name: "Long", Kind: wire.Long}
	shapeTime     = wire.Shape{Name: "Time", Kind: wire.Timestamp}
	shapeBlob     = wire.Shape{Name: "Blob", Kind: wire.Blob, Max: 4, HasMax: true}
	shapeDocument = wire.Shape{Name: "Document", Kind: wire.Document}
	shapeTags     = wire.Shape{Name: "Tags", Kind: wire.List, Elem: &shapeName, Max: 3, HasMax: true}
	shapeLikes    = wire.Shape{Name: "Likes", Kind: wire.List, Elem: &shapeColor}
	shapeFriends  = wire.Shape{Name: "Friends", Kind: wire.List, Elem: &shapeFriend, Min: 1, HasMin: true}
	shapeLabels   = wire.Shape{Name: "Labels", Kind: wire.Map, Key: &shapeName, Elem: &shapeName}
	shapeLevels   = wire.Shape{Name: "Levels", Kind: wire.Map, Key: &shapeName, Elem: &shapeFriend}
	shapePassword = wire.Shape{Name: "Password", Kind: wire.String, Sensitive: true, Max: 5, HasMax: true, Pattern: &wire.Pattern{Text: `[\S]+`}}
	shapeSecrets  = wire.Shape{Name: "Secrets", Kind: wire.Map, Key: &shapeName, Elem: &shapeText, Sensitive: true}
	shapeAnswers  = wire.Shape{Name: "Answers", Kind: wire.List, Elem: &shapePassword}
	shapeOrigin   = wire.Shape{Name: "Origin", Kind: wire.Structure, Sensitive: true, Members: []wire.Member{{Name: "Address", Shape: &shapeName}}}
	shapeFriend   = wire.Shape{Name: "Friend", Kind: wire.Structure, Members: []wire.Member{
		{Name: "Name", Shape: &shapeName, Required: true},
		{Name: "Since", Shape: &shapeAge},
	}}
	shapePerson = wire.Shape{Name: "Person", Kind: wire.Structure, Members: []wire.Member{
		{Name: "Username", Shape: &shapeName, Required: true},
		{Name: "Nickname", Shape: &shapeName},
		{Name: "Color", Shape: &shapeColor},
		{Name: "Enabled", Shape: &shapeBool, Required: true},
		{Name: "Active", Shape: &shapeBool},
		{Name: "Age", Shape: &shapeAge, Required: true},
		{Name: "Rank", Shape: &shapeAge},
		{Name: "Points", Shape: &shapeLong},
		{Name: "Born", Shape: &shapeTime},
		{Name: "Photo", Shape: &shapeBlob},
		{Name: "Settings", Shape: &shapeDocument},
		{Name: "Tags", Shape: &shapeTags},
		{Name: "Likes", Shape: &shapeLikes},
		{Name: "Friends", Shape: &shapeFriends},
		{Name: "Labels", Shape: &shapeLabels},
		{Name: "Levels", Shape: &shapeLevels},
		{Name: "Best", Shape: &shapeFriend},
		{Name: "Password", Shape: &shapePassword},
		{Name: "Secrets", Shape: &shapeSecrets},
		{Name: "Context", Shape: &shapeOrigin},
		{Name: "Questions", Shape: &shapeAnswers, Secret: true},
	}}
)
