package resp

import "log/slog"

// SharedParameters are the parameters that CONFIG SET sets on all nodes, through the log, in the order of their names.
func SharedParameters() []string { return plainSettings().sharedNames() }

func (s *Settings) sharedNames() []string {
	var names []string
	for i := range s.parameters {
		if p := &s.parameters[i]; p.shared {
			names = append(names, p.name)
		}
	}
	return names
}

// keepOwn notes what the shared parameters were at the start: what counts while the log says nothing.
func (s *Settings) keepOwn() {
	s.own = make(map[string]string)
	for _, name := range s.sharedNames() {
		s.own[name] = s.byName[name].value()
	}
}

func (s *Settings) ownValue(name string) string { return s.own[name] }

// adopt has every shared parameter be as the log says, or as the node was started. What this release cannot read, since a later one wrote it, is
// left out. It may be called under the machine's lock, by one goroutine at a time.
func (s *Settings) adopt(log map[string]string, logger *slog.Logger) {
	for _, name := range s.sharedNames() {
		p := s.byName[name]
		value, set := log[name]
		apply, why := p.setting.parse(value)
		if set && why != "" {
			logger.Warn("resp: a setting in the log cannot be read; the node's own counts", "name", name, "value", value, "reason", why)
		}
		if !set || why != "" {
			value = s.own[name]
			apply, _ = p.setting.parse(value) // it was read before
		}
		before := p.value()
		if apply(); p.value() != before {
			logger.Info("resp: a setting of all nodes", "name", name, "value", p.value(), "from_log", set, "own", s.own[name])
		}
	}
}

// SettingsChanged implements statemachine.Events.
func (h *hub) SettingsChanged() {
	h.server.adopting.Lock()
	defer h.server.adopting.Unlock()
	h.server.settings.adopt(h.server.machine.Settings(), h.server.logger)
}
