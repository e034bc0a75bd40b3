package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cenote-auth/cenote/internal/model"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a generated file differs from what would be written")
	root := flag.String("root", ".", "root of the module")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run generates all packages below root, or compares them if check is set.
func run(root string, check bool) error {
	o, err := model.LoadOverlay()
	if err != nil {
		return err
	}
	var stale []error
	for _, name := range model.Services() {
		m, err := model.Load(name)
		if err != nil {
			return err
		}
		s, err := resolve(name, m, o)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		files, err := s.files()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		stale = append(stale, write(filepath.Join(root, s.dir), files, check))
	}
	return errors.Join(stale...)
}

// write writes a package's generated files and removes those that are not generated any more.
func write(dir string, files map[string][]byte, check bool) error {
	old, err := filepath.Glob(filepath.Join(dir, "*_gen.go"))
	if err != nil {
		return err
	}
	var problems []error
	for _, path := range old {
		if _, ok := files[filepath.Base(path)]; ok {
			continue
		}
		if check {
			problems = append(problems, fmt.Errorf("%s is not generated any more", path))
		} else if err := os.Remove(path); err != nil {
			problems = append(problems, err)
		}
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := filepath.Join(dir, name)
		have, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
			continue
		}
		switch {
		case err == nil && bytes.Equal(have, files[name]):
		case check:
			problems = append(problems, fmt.Errorf("%s differs from the model; run go generate ./internal/gen", path))
		default:
			problems = append(problems, os.WriteFile(path, files[name], 0o644))
		}
	}
	return errors.Join(problems...)
}
