package statemachine

import (
	"encoding/binary"
	"maps"
)

// The bounds of settings. They decide what an entry does, so they are the same on every node.
const (
	maxSettings     = 64
	maxSettingName  = 64
	maxSettingBytes = 4 << 10
)

// kindSetting is the kind of a setting among what is loaded. The number is in records.
const kindSetting Kind = 0x50

// keySetting is the letter that the key of a setting begins with.
const keySetting = 'c'

// Setting is a setting of the servers that is equal on all nodes, since the log has it. The state machine keeps it, and does nothing by it.
type Setting struct {
	Name  string // at most 64 bytes
	Value []byte // at most 4 KiB
	// Reset takes the setting back: each node goes by what it was started with again.
	Reset bool
}

// AppendSettings appends a change of settings: all of them, or none if there would be too many. Its reply is OK, or an error.
func AppendSettings(dst []byte, settings []Setting) []byte {
	dst = binary.AppendUvarint(append(dst, kindSettings), uint64(len(settings)))
	for i := range settings {
		reset := byte(0)
		if settings[i].Reset {
			reset = 1
		}
		dst = append(appendBytes(appendBytes(dst, []byte(settings[i].Name)), settings[i].Value), reset)
	}
	return dst
}

// settings reads what follows kindSettings.
func (d *decoder) settings() []Setting {
	var all []Setting
	for range d.count() {
		if d.bad {
			break
		}
		s := Setting{Name: string(d.bytes()), Value: d.bytes()}
		reset := d.byte()
		if s.Reset = reset == 1; reset > 1 {
			d.fail()
		}
		all = append(all, s)
	}
	return all
}

// Settings are the settings of the log, by name. The map must not be changed. Safe from any goroutine, under the machine's lock, too.
func (m *Machine) Settings() map[string]string { return *m.settings.Load() }

// set runs a change of settings.
func (m *Machine) set(settings []Setting, reply Reply) {
	now := maps.Clone(m.Settings())
	for i := range settings {
		s := &settings[i]
		switch {
		case s.Name == "" || len(s.Name) > maxSettingName || len(s.Value) > maxSettingBytes:
			reply.Error(errSettingBounds)
			return
		case s.Reset:
			delete(now, s.Name)
		default:
			now[s.Name] = string(s.Value)
		}
	}
	if len(now) > maxSettings {
		reply.Error(errSettingBounds)
		return
	}
	for i := range settings {
		m.ks.loaded.set(m.ks, &settings[i])
	}
	m.ks.endCommand()
	m.publishSettings(now)
	reply.Status("OK")
}

// set writes a setting to its record. It does not count against what scripts and libraries may take: there are few, and they are small.
func (l *loaded) set(ks *keyspace, s *Setting) {
	key := keyOf(keySetting, s.Name)
	hash := l.hasher.hash(key)
	if old := l.find(hash, key); old != nil {
		l.remove(hash, old)
		ks.dirty = true
	}
	if s.Reset {
		return
	}
	o := newObject(l.memory, kindSetting, key, s.Value)
	o.version, o.revision = ks.revision+1, ks.revision+1
	l.insert(hash, o)
	ks.dirty = true
}

// settings are those that the records have.
func (l *loaded) settings() map[string]string {
	all := make(map[string]string)
	l.each(func(o *Object) bool {
		if o.kind == kindSetting {
			all[string(o.key()[1:])] = string(o.str())
		}
		return true
	})
	return all
}

// publishSettings makes settings those that Settings returns, and tells who listens if they are others.
func (m *Machine) publishSettings(now map[string]string) {
	if maps.Equal(now, m.Settings()) {
		return
	}
	m.settings.Store(&now)
	if events := m.ears.events; events != nil {
		events.SettingsChanged()
	}
}
