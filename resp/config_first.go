package resp

import (
	"errors"
	"maps"
	"slices"
)

// What follows is for whoever starts a server: which parameters of CONFIG SET can be given first values, and which values they take.

// ChangeableParameters are the parameters that CONFIG SET can change while a server runs, in the order of their names.
func ChangeableParameters() []string {
	var names []string
	for _, p := range plainSettings().parameters {
		if p.setting != nil || p.bound {
			names = append(names, p.name)
		}
	}
	return names
}

// DefaultParameter is what CONFIG GET says of a parameter at the start if nothing else was said; empty for a name there is none of.
func DefaultParameter(name string) string {
	if p := plainSettings().byName[name]; p != nil {
		return p.value()
	}
	return ""
}

// CheckParameter says what is wrong with a value for a parameter that can change, in Redis's words, or returns the value as CONFIG GET shows it.
func CheckParameter(name, value string) (shown string, err error) {
	s := plainSettings()
	p := s.byName[name]
	if p == nil || p.setting == nil {
		return "", errors.New("there is no such parameter that can change")
	}
	apply, why := p.setting.parse(value)
	if why != "" {
		return "", errors.New(why)
	}
	apply()
	return p.value(), nil
}

// plainSettings are those of a server that was told nothing.
func plainSettings() *Settings {
	return NewSettings(SettingsSource{Limits: Limits{}.WithDefaults(), SlowerThan: defaultSlowerThan, SlowlogLength: defaultSlowlogLength})
}

// setFirst gives parameters their first values, before the settings are used.
func (s *Settings) setFirst(values map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		changes, problem := s.changes([][]byte{[]byte(name), []byte(values[name])})
		if problem != "" {
			return errors.New("resp: Parameters: " + problem)
		}
		for _, apply := range changes {
			apply()
		}
	}
	return nil
}
