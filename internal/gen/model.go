package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// ordered is a JSON object that remembers the order of its members.
type ordered[T any] struct {
	Keys []string
	Map  map[string]T
}

func (o *ordered[T]) UnmarshalJSON(data []byte) error {
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

// model is one service's wire model.
type model struct {
	Metadata struct {
		APIVersion      string `json:"apiVersion"`
		EndpointPrefix  string `json:"endpointPrefix"`
		ServiceFullName string `json:"serviceFullName"`
		ServiceID       string `json:"serviceId"`
		Protocol        string `json:"protocol"`
		TargetPrefix    string `json:"targetPrefix"`
	} `json:"metadata"`
	Operations ordered[modelOperation] `json:"operations"`
	Shapes     map[string]*modelShape  `json:"shapes"`
	Paginators map[string]struct {
		InputToken  string `json:"input_token"`
		OutputToken string `json:"output_token"`
		ResultKey   string `json:"result_key"`
	} `json:"paginators"`
}

type modelOperation struct {
	Name     string     `json:"name"`
	Input    modelRef   `json:"input"`
	Output   modelRef   `json:"output"`
	Errors   []modelRef `json:"errors"`
	AuthType string     `json:"authtype"`
	HTTP     struct {
		Method       string `json:"method"`
		RequestURI   string `json:"requestUri"`
		ResponseCode int    `json:"responseCode"`
	} `json:"http"`
}

type modelRef struct {
	Shape        string `json:"shape"`
	Box          bool   `json:"box"`
	Deprecated   bool   `json:"deprecated"`
	Location     string `json:"location"`
	LocationName string `json:"locationName"`
}

type modelShape struct {
	Type      string            `json:"type"`
	Members   ordered[modelRef] `json:"members"`
	Required  []string          `json:"required"`
	Member    *modelRef         `json:"member"`
	Key       *modelRef         `json:"key"`
	Value     *modelRef         `json:"value"`
	Min       *int64            `json:"min"`
	Max       *int64            `json:"max"`
	Pattern   string            `json:"pattern"`
	Enum      []string          `json:"enum"`
	Sensitive bool              `json:"sensitive"`
	Document  bool              `json:"document"`
	Exception bool              `json:"exception"`
	Error     struct {
		HTTPStatusCode int `json:"httpStatusCode"`
	} `json:"error"`
}

// refs lists the shapes that a shape refers to.
func (s *modelShape) refs() []string {
	var names []string
	for _, key := range s.Members.Keys {
		names = append(names, s.Members.Map[key].Shape)
	}
	for _, r := range []*modelRef{s.Member, s.Key, s.Value} {
		if r != nil {
			names = append(names, r.Shape)
		}
	}
	return names
}

// overlay is what the models do not say: our exceptions, each with the fact that it rests on.
type overlay struct {
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
		} `json:"validation"`
		Packages map[string]struct {
			Dir  string `json:"dir"`
			Name string `json:"name"`
		} `json:"packages"`
	}
	Patterns map[string]string   // pattern → the same language for RE2
	Unbuilt  map[string][]string // service → operations that are not built yet
}

// load reads one JSON file of the model directory; members that nothing reads are an error, because a misspelt
// exception would be without effect.
func load(dir, file string, strict bool, into any) error {
	data, err := os.ReadFile(filepath.Join(dir, file))
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

func loadOverlay(dir string) (*overlay, error) {
	o := new(overlay)
	for file, into := range map[string]any{
		"pointers.json": &o.Pointers, "defaults.json": &o.Defaults, "sensitive.json": &o.Sensitive, "names.json": &o.Names,
		"patterns.json": &o.Patterns, "unbuilt.json": &o.Unbuilt,
	} {
		if err := load(dir, file, true, into); err != nil {
			return nil, err
		}
	}
	return o, load(dir, "operations.json", false, &o.Operations)
}
