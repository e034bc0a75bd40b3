// Package model holds the wire models of the three services, with what we add to them. The generator reads it, and so do
// the tests that compare the generated packages with it; nothing else does.
package model

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
)

// Ordered is a JSON object that remembers the order of its members.
type Ordered[T any] struct {
	Keys []string
	Map  map[string]T
}

// UnmarshalJSON reads the object and the order of its members.
func (o *Ordered[T]) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &o.Map); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil { // the opening brace
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		o.Keys = append(o.Keys, key.(string))
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			return err
		}
	}
	return nil
}

// Model is one service's wire model.
type Model struct {
	Metadata struct {
		APIVersion      string `json:"apiVersion"`
		EndpointPrefix  string `json:"endpointPrefix"`
		ServiceFullName string `json:"serviceFullName"`
		ServiceID       string `json:"serviceId"`
		Protocol        string `json:"protocol"`
		TargetPrefix    string `json:"targetPrefix"`
	} `json:"metadata"`
	Operations Ordered[Operation] `json:"operations"`
	Shapes     map[string]*Shape  `json:"shapes"`
	Paginators map[string]struct {
		InputToken  string `json:"input_token"`
		OutputToken string `json:"output_token"`
		ResultKey   string `json:"result_key"`
	} `json:"paginators"`
}

// Operation is one operation of a model.
type Operation struct {
	Name     string `json:"name"`
	Input    Ref    `json:"input"`
	Output   Ref    `json:"output"`
	Errors   []Ref  `json:"errors"`
	AuthType string `json:"authtype"`
	HTTP     struct {
		Method       string `json:"method"`
		RequestURI   string `json:"requestUri"`
		ResponseCode int    `json:"responseCode"`
	} `json:"http"`
}

// Ref is a reference to a shape, with the traits of the place.
type Ref struct {
	Shape        string `json:"shape"`
	Box          bool   `json:"box"`
	Deprecated   bool   `json:"deprecated"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
}

// Shape is one type of a model.
type Shape struct {
	Type      string       `json:"type"`
	Members   Ordered[Ref] `json:"members"`
	Required  []string     `json:"required"`
	Member    *Ref         `json:"member"`
	Key       *Ref         `json:"key"`
	Value     *Ref         `json:"value"`
	Min       *int64       `json:"min"`
	Max       *int64       `json:"max"`
	Pattern   string       `json:"pattern"`
	Enum      []string     `json:"enum"`
	Sensitive bool         `json:"sensitive"`
	Document  bool         `json:"document"`
	Exception bool         `json:"exception"`
	Error     struct {
		HTTPStatusCode int `json:"httpStatusCode"`
	} `json:"error"`
}

// Refs lists the shapes that a shape refers to.
func (s *Shape) Refs() []string {
	var names []string
	for _, key := range s.Members.Keys {
		names = append(names, s.Members.Map[key].Shape)
	}
	for _, r := range []*Ref{s.Member, s.Key, s.Value} {
		if r != nil {
			names = append(names, r.Shape)
		}
	}
	return names
}

// Overlay is what the models do not say: our exceptions, each with the fact that it rests on.
type Overlay struct {
	Pointers  map[string]map[string]string // service → "Shape.Member" → fact: a pointer, against the rule
	Defaults  map[string][]string          // service → number and boolean shapes whose Smithy default is 0 or false
	Sensitive map[string]struct {          // service → what is redacted besides what the model marks
		Shapes  []string `json:"shapes"`
		Members []string `json:"members"`
	}
	Names struct {
		EnumConstants map[string]string            `json:"enumConstants"` // "Type.value" → constant, against the rule
		Shapes        map[string]map[string]string `json:"shapes"`        // service → shape → Go type, to avoid a clash
	}
	Operations struct {
		ReadOnlyVerbs []string                     `json:"readOnlyVerbs"`
		Writes        map[string]map[string]string `json:"writes"` // service → operation → fact: writes although its verb reads
		Items         map[string]map[string]string `json:"items"`  // service → operation → the list that All yields, if there are several
		Validation    map[string]struct {          // service → code of constraint violations, with its fact
			Code string `json:"code"`
			Fact string `json:"fact"`
		} `json:"validation"`
		Packages map[string]struct {
			Dir  string `json:"dir"`
			Name string `json:"name"`
		} `json:"packages"`
	}
	Patterns struct {
		RE2   map[string]string           `json:"re2"`   // pattern → the same language for RE2
		Wider map[string]map[string]Wider `json:"wider"` // service → shape → what the service takes in truth
	}
	Unbuilt map[string][]string // service → operations that are not built yet
}

//go:embed *.json
var files embed.FS

// Services lists the signing names of the services that there are models of.
func Services() []string { return []string{"cognito-idp", "cognito-identity", "cognito-sync"} }

// Load returns the model of a service.
func Load(service string) (*Model, error) {
	m := new(Model)
	return m, load(service+".json", false, m)
}

// LoadOverlay returns what we add to the models.
func LoadOverlay() (*Overlay, error) {
	o := new(Overlay)
	return o, errors.Join(
		load("pointers.json", true, &o.Pointers), load("defaults.json", true, &o.Defaults), load("sensitive.json", true, &o.Sensitive),
		load("names.json", true, &o.Names), load("patterns.json", true, &o.Patterns), load("unbuilt.json", true, &o.Unbuilt),
		load("operations.json", true, &o.Operations),
	)
}

// Wider is a pattern that counts in the place of a shape's own, which only stands in the texts.
type Wider struct {
	Pattern string `json:"pattern"`
	Fact    string `json:"fact"`
}

// load reads a file. With strict, members that nothing reads are an error: a misspelt exception would be without effect.
func load(file string, strict bool, into any) error {
	data, err := files.ReadFile(file)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}
