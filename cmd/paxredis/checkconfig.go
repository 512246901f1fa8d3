package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/paxredis/paxredis/peer"
)

// reportConfig ends `paxredis server --check-config` when nothing is wrong: it shows what the server would be told. Nothing was started, and no data
// was touched.
func reportConfig(c Config, std stdio) error {
	given := 0
	for _, o := range options() {
		source, ok := c.given[o.name]
		if !ok || o.place == commandLineOnly {
			continue
		}
		if source == "" {
			source = "command line"
		}
		given++
		fmt.Fprintf(std.out, "%s %s (%s)\n", o.name, strings.TrimSpace(o.field.value(&c).String()), source)
	}
	for _, name := range unknownVariables() {
		fmt.Fprintf(std.out, "note: there is no setting for %s in the environment\n", name)
	}
	fmt.Fprintf(std.out, "All is well: %d settings are given, and the others have their defaults.\n", given)
	return nil
}

// checkFiles reads what the settings name besides data, and reports everything that is wrong with it.
func (c *Config) checkFiles() error {
	var errs []error
	if c.ClusterKeyFile != "" {
		if _, err := peer.LoadKeys(c.ClusterKeyFile); err != nil {
			errs = append(errs, fmt.Errorf("--cluster-key-file %q: %w", c.ClusterKeyFile, err))
		}
	}
	if c.ClusterKey != "" {
		if _, err := peer.ParseKeys(c.ClusterKey); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", keyVariable, err))
		}
	}
	if _, err := dataKeys(c.DataKeyFile, ""); err != nil {
		errs = append(errs, fmt.Errorf("--data-key-file %q: %w", c.DataKeyFile, err))
	}
	if _, err := dataKeys("", c.DataKey); err != nil {
		errs = append(errs, err)
	}
	if c.Endpoints.TLS.Check() == nil {
		if err := c.Endpoints.TLS.CheckFiles(); err != nil {
			errs = append(errs, fmt.Errorf("--tls-listen %s: %w", c.Endpoints.TLS.Listen, err))
		}
	}
	return errors.Join(errs...)
}
