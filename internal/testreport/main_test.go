package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, events string
		want         []string // lines that the report contains
		absent       string
		ok           bool
	}{
		{
			name: "passes",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA/one"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":1.25}`,
			want:   []string{"ok   p 1.2s", "2 passed, 0 failed, 0 skipped"},
			absent: "chatter",
			ok:     true,
		},
		{
			name: "a failed test shows its output",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:1: no\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`,
			want: []string{"FAIL p TestA", "a_test.go:1: no", "failed p TestA: a_test.go:1: no", "0 passed, 1 failed, 0 skipped", "1 packages, 1 of them failed"},
		},
		{
			name: "a build that failed",
			events: `{"Action":"build-output","ImportPath":"p [p.test]","Output":"x.go:1: undefined\n"}
{"Action":"build-fail","ImportPath":"p [p.test]"}
{"Action":"pass","Package":"q","Test":"TestB"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
			want: []string{"x.go:1: undefined", "1 passed, 0 failed, 0 skipped"},
		},
		{
			name: "a panic outside of a test",
			events: `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}`,
			want: []string{"panic: boom"},
		},
		{
			name: "a test that was running when the process died",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"WARNING: DATA RACE\n"}
{"Action":"fail","Package":"p"}`,
			want: []string{"WARNING: DATA RACE"},
		},
		{
			name: "skips are told with their reason",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: no aws\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:30: no aws\n"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}`,
			want: []string{"skipped 2 of p: no aws", "1 passed, 0 failed, 2 skipped"},
			ok:   true,
		},
		{
			name:   "nothing ran",
			events: `{"Action":"skip","Package":"p"}`,
			want:   []string{"0 passed, 0 failed, 0 skipped"},
		},
		{
			name:   "what is no event is passed on",
			events: `go: no such module`,
			want:   []string{"go: no such module"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			sum, err := report(strings.NewReader(tt.events), &out)
			if err != nil {
				t.Fatal(err)
			}
			if sum.ok() != tt.ok {
				t.Errorf("ok = %v, want %v", sum.ok(), tt.ok)
			}
			for _, line := range tt.want {
				if !strings.Contains(out.String(), line+"\n") {
					t.Errorf("report lacks %q:\n%s", line, out.String())
				}
			}
			if tt.absent != "" && strings.Contains(out.String(), tt.absent) {
				t.Errorf("report holds %q:\n%s", tt.absent, out.String())
			}
		})
	}
}
