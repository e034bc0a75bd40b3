package main

import (
	"fmt"
	"regexp"
	"strings"
)

// writeOperations writes the service's description, the operation table and what is looked up in it.
func (s *service) writeOperations(f *source) {
	s.writeService(f)
	for i, op := range s.ops {
		s.writeOperation(f, i, op)
	}
	f.p("// operationTable holds the operations in the order of the model.")
	f.p("var operationTable = [...]*wire.Op{")
	for _, op := range s.ops {
		f.p("op%s,", op.Name)
	}
	f.p("}\n")
	f.p("// Operation returns the description of the operation with the given name, and nil if there is none.")
	f.p("func Operation(name string) *awsapi.Operation {")
	f.p("if op := findOperation(name); op != nil { return &op.Operation }")
	f.p("return nil\n}\n")
	f.p("// Operations returns the descriptions of all operations in the order of the model.")
	f.p("func Operations() []*awsapi.Operation {")
	f.p("all := make([]*awsapi.Operation, len(operationTable))")
	f.p("for i, op := range operationTable { all[i] = &op.Operation }")
	f.p("return all\n}\n")
	f.p("func findOperation(name string) *wire.Op {")
	f.p("switch name {")
	for _, op := range s.ops {
		f.p("case %q: return op%s", op.Name, op.Name)
	}
	f.p("}\nreturn nil\n}\n")
	f.p("// operations lists every operation, so that one without its method does not compile.")
	f.p("type operations interface {")
	for _, op := range s.ops {
		f.p("%s(context.Context, *%sInput) (*%sOutput, error)", op.Name, op.Name, op.Name)
	}
	f.p("}\n")
	f.p("var _ operations = (*Service)(nil)\n")
	f.p("// dispatch runs the rules of an operation on an input of its type.")
	f.p("func (s *Service) dispatch(ctx context.Context, op *wire.Op, in any) (any, error) {")
	f.p("switch op.Index {")
	for i, op := range s.ops {
		f.p("case %d: return engine.Run(ctx, in, s.%s)", i, op.method())
	}
	f.p("}\nreturn nil, awsapi.ErrUnknownOperation\n}")
}

func (s *service) writeService(f *source) {
	md := s.Metadata
	protocol := map[string]string{"json": "awsapi.JSON11", "rest-json": "awsapi.RESTJSON"}[md.Protocol]
	f.p("// service describes the API.")
	f.p("var service = awsapi.Service{Name: %q, ID: %q, Version: %q, TargetPrefix: %q, Protocol: %s, Validation: %q,",
		md.EndpointPrefix, md.ServiceID, md.APIVersion, md.TargetPrefix, protocol, s.overlay.Operations.Validation[s.name].Code)
	var statuses []string
	for _, name := range sortedKeys(s.Shapes) {
		if code := s.Shapes[name].Error.HTTPStatusCode; s.Shapes[name].Exception && code != 0 && code != 400 {
			statuses = append(statuses, fmt.Sprintf("{Code: %s, Status: %d}", codeConstant(name), code))
		}
	}
	if len(statuses) > 0 {
		statuses = append(statuses, "{Code: awsapi.ErrAccessDenied, Status: 403}") // IAM-090
		f.p("Statuses: []awsapi.CodeStatus{%s},", strings.Join(statuses, ", "))
	}
	f.p("}\n")
}

func (s *service) writeOperation(f *source, index int, op *operation) {
	f.p("var op%s = &wire.Op{Operation: awsapi.Operation{", op.Name)
	f.p("Name: %q, Service: &service, Auth: %s, Method: %q, Path: %q,", op.Name, op.auth, op.HTTP.Method, op.HTTP.RequestURI)
	if bindings := s.bindings(op); len(bindings) > 0 {
		f.p("Bindings: []awsapi.Binding{%s},", strings.Join(bindings, ", "))
	}
	status := op.HTTP.ResponseCode
	if status == 0 {
		status = 200
	}
	f.p("Status: %d,", status)
	var codes []string
	for _, e := range op.Errors {
		codes = append(codes, codeConstant(e.Shape))
	}
	f.p("Codes: []awsapi.Code{%s},", strings.Join(codes, ", "))
	if op.noOutput {
		f.p("NoOutput: true,")
	}
	if op.readOnly {
		f.p("ReadOnly: true,")
	}
	if op.built {
		f.p("Built: true,")
	}
	output := "shapeNoOutput"
	if !op.noOutput {
		output = "shape" + op.Output.Shape
	}
	f.p("}, Index: %d, Input: &shape%s, Output: &%s, NewInput: func() any { return new(%sInput) },", index, op.Input.Shape, output, op.Name)
	f.p("IsInput: wire.Is[%sInput], IsOutput: wire.Is[%sOutput]}\n", op.Name, op.Name)
}

// bindings lists the members that travel outside of the body, in the order of the input.
func (s *service) bindings(op *operation) []string {
	var out []string
	for _, field := range op.in.fields {
		if field.ref.Location == "" {
			continue
		}
		place := map[string]string{"uri": "awsapi.InURI", "querystring": "awsapi.InQuery", "header": "awsapi.InHeader"}[field.ref.Location]
		number := ""
		if field.shape.Type == "integer" || field.shape.Type == "long" {
			number = ", Number: true"
		}
		out = append(out, fmt.Sprintf("{Member: %q, Place: %s, Name: %q%s}", field.wire, place, field.ref.LocationName, number))
	}
	return out
}

// writeUnbuilt writes both methods of the operations that nobody has built yet.
func (s *service) writeUnbuilt(f *source) {
	for _, op := range s.ops {
		if op.built {
			continue
		}
		f.p("// %s is not available in this version: it answers OperationNotImplementedException.", op.Name)
		f.p("func (s *Service) %s(ctx context.Context, in *%sInput) (*%sOutput, error) {", op.Name, op.Name, op.Name)
		f.p("return call(ctx, s, op%s, in, s.%s)\n}\n", op.Name, op.method())
		f.p("func (s *Service) %s(context.Context, *%sInput) (*%sOutput, error) {", op.method(), op.Name, op.Name)
		f.p("return nil, engine.Unbuilt(op%s)\n}\n", op.Name)
	}
}

var tokenName = regexp.MustCompile(`^(NextToken|PaginationToken)$`)

// writePages writes the pager and how it reads the pages of each list operation.
func (s *service) writePages(f *source) {
	f.p(`// All calls a list operation until its last page and yields the items, for example
//
//	for item, err := range %s.All(ctx, svc.%s, &%s.%sInput{…}) { … }
//
// An error ends the sequence. The input is not changed; a token in it says where to start.
func All[In interface{ from(token string) In }, Out interface{ page() ([]T, string) }, T any](
	ctx context.Context, list func(context.Context, In) (Out, error), in In,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for req := in; ; {
			out, err := list(ctx, req)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			items, token := out.page()
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if token == "" {
				return
			}
			req = in.from(token)
		}
	}
}
`, s.pkg, s.firstPaged(), s.pkg, s.firstPaged())
	for _, op := range s.ops {
		token, items := s.paging(op)
		if token == nil {
			continue
		}
		f.p("func (in *%[1]sInput) from(token string) *%[1]sInput {", op.Name)
		f.p("next := %sInput{}\nif in != nil { next = *in }", op.Name)
		f.p("next.%s = token\nreturn &next\n}\n", token.goName)
		f.p("func (out *%sOutput) page() (%s, string) { return out.%s, out.%s }\n", op.Name, items.goType, items.goName, token.goName)
	}
}

func (s *service) firstPaged() string {
	for _, op := range s.ops {
		if token, _ := s.paging(op); token != nil && strings.HasPrefix(op.Name, "List") {
			return op.Name
		}
	}
	return ""
}

// paging returns the token and the items of a list operation's output: a member with the token's name in both
// directions, and the only list of the output unless the model or operations.json names another.
func (s *service) paging(op *operation) (token, items *field) {
	result := s.overlay.Operations.Items[s.name][op.Name]
	if p, ok := s.Paginators[op.Name]; ok {
		result = p.ResultKey
	}
	for i := range op.out.fields {
		f := &op.out.fields[i]
		switch {
		case tokenName.MatchString(f.wire):
			if _, ok := s.Shapes[op.Input.Shape].Members.Map[f.wire]; ok {
				token = f
			}
		case f.shape.Type == "list" && (result == "" || result == f.wire):
			items = f
		}
	}
	if token == nil || items == nil {
		return nil, nil
	}
	return token, items
}
