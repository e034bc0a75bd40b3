package model_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/cenote-auth/cenote/awsapi"
	"github.com/cenote-auth/cenote/identitypool"
	"github.com/cenote-auth/cenote/internal/model"
	cognitosync "github.com/cenote-auth/cenote/sync"
	"github.com/cenote-auth/cenote/userpool"
)

// server is what the three services have in common.
type server interface {
	Operation(name string) *awsapi.Operation
	Operations() []*awsapi.Operation
	Invoke(ctx context.Context, name string, body []byte) ([]byte, error)
	Serve(ctx context.Context, op *awsapi.Operation, body []byte, guard awsapi.Guard) ([]byte, error)
}

// services makes each service with one interceptor.
var services = map[string]func(awsapi.Interceptor) (server, error){
	"cognito-idp": func(i awsapi.Interceptor) (server, error) {
		return userpool.New(userpool.Config{Interceptors: []awsapi.Interceptor{i}})
	},
	"cognito-identity": func(i awsapi.Interceptor) (server, error) {
		return identitypool.New(identitypool.Config{Interceptors: []awsapi.Interceptor{i}})
	},
	"cognito-sync": func(i awsapi.Interceptor) (server, error) {
		return cognitosync.New(cognitosync.Config{Interceptors: []awsapi.Interceptor{i}})
	},
}

func pass(ctx context.Context, c *awsapi.Call, next awsapi.Next) (any, error) { return next(ctx, c) }

// eachService runs f for every service, with its model.
func eachService(t *testing.T, intercept awsapi.Interceptor, f func(t *testing.T, m *model.Model, s server)) {
	t.Helper()
	for _, name := range model.Services() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := model.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := services[name](intercept)
			if err != nil {
				t.Fatal(err)
			}
			f(t, m, s)
		})
	}
}

// types returns the input and output types of an operation, from the signature of its method.
func types(s server, op string) (in, out reflect.Type) {
	m, ok := reflect.TypeOf(s).MethodByName(op)
	if !ok {
		return nil, nil
	}
	return m.Type.In(2).Elem(), m.Type.Out(0).Elem()
}
