package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// composeFile is what the compose files of deploy/ may hold, and no more.
type composeFile struct {
	Name        string                    `yaml:"name"`
	Node        composeService            `yaml:"x-node"`
	Environment map[string]string         `yaml:"x-environment"`
	Services    map[string]composeService `yaml:"services"`
	Volumes     map[string]struct{}       `yaml:"volumes"`
}

type composeService struct {
	Image string `yaml:"image"`
	Build struct {
		Context    string `yaml:"context"`
		Dockerfile string `yaml:"dockerfile"`
	} `yaml:"build"`
	Restart         string            `yaml:"restart"`
	StopGracePeriod string            `yaml:"stop_grace_period"`
	ReadOnly        bool              `yaml:"read_only"`
	CapDrop         []string          `yaml:"cap_drop"`
	SecurityOpt     []string          `yaml:"security_opt"`
	Command         []string          `yaml:"command"`
	Environment     map[string]string `yaml:"environment"`
	Ports           []string          `yaml:"ports"`
	Volumes         []string          `yaml:"volumes"`
}

// composed reads deploy/compose. The image adds what its Dockerfile says.
func composed(t *testing.T) deployment {
	t.Helper()
	var all, founding composeFile
	decode(t, "compose/compose.yaml", func(string) any { return &all })
	decode(t, "compose/compose.founding.yaml", func(string) any { return &founding })
	var d deployment
	for _, name := range slices.Sorted(maps.Keys(all.Services)) {
		s := all.Services[name]
		volume, _, _ := strings.Cut(s.Volumes[0], ":")
		if _, ok := all.Volumes[volume]; !ok {
			t.Errorf("%s has no volume %s", name, volume)
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") {
			t.Errorf("%s has rights that it does not need", name)
		}
		d.running = append(d.running, started{name, s.Command, imageEnvironment(t, s.Environment)})
		d.founding = append(d.founding, started{name, s.Command, imageEnvironment(t, founding.Services[name].Environment)})
	}
	if len(d.running) != 3 || len(founding.Services) != 3 {
		t.Fatalf("there are %d nodes, and %d of them are founded", len(d.running), len(founding.Services))
	}
	return d
}

// imageEnvironment is the environment in a container: that of the Dockerfile, and what is given.
func imageEnvironment(t *testing.T, given map[string]string) map[string]string {
	t.Helper()
	all := dockerEnvironment(t)
	for name, value := range given {
		switch {
		case strings.HasPrefix(value, "${"+name+":?"):
			value = clusterKeyText
		case name == dataKeyVariable && value == "${"+name+":-}":
			value = ""
		}
		all[name] = value
	}
	return all
}

// dockerEnvironment reads ENV of the Dockerfile.
func dockerEnvironment(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for line := range strings.Lines(deployFile(t, "Dockerfile")) {
		if pairs, ok := strings.CutPrefix(line, "ENV "); ok {
			for pair := range strings.FieldsSeq(pairs) {
				name, value, _ := strings.Cut(pair, "=")
				all[name] = value
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("the Dockerfile has no ENV")
	}
	return all
}
