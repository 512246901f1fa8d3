package moving

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestASpoolGivesBackWhatCame, although much more comes than it may hold.
func TestASpoolGivesBackWhatCame(t *testing.T) {
	const most, all = 10_000, 1_000_000
	s, err := newSpool(t.Context(), t.TempDir(), most)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, all)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range want {
		want[i] = byte(random.Uint32())
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(most))
			if _, err := s.Write(rest[:n]); err != nil {
				t.Error(err)
				return
			}
			if info, err := s.file.Stat(); err != nil || info.Size() > most {
				t.Errorf("the file has %d bytes, %v", info.Size(), err)
			}
			rest = rest[n:]
		}
	})
	got := make([]byte, all)
	if _, err := io.ReadFull(s, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("something else came back, %v", err)
	}
	writing.Wait()
	if s.pending() != 0 || s.received() != all {
		t.Errorf("%d are pending of %d", s.pending(), s.received())
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

// TestASpoolEndsWithItsContext: who waits to read or to write does not wait for ever.
func TestASpoolEndsWithItsContext(t *testing.T) {
	why := errors.New("enough")
	for name, wait := range map[string]func(*spool) error{
		"read":  func(s *spool) error { _, err := s.Read(make([]byte, 1)); return err },
		"write": func(s *spool) error { _, err := s.Write(make([]byte, 10)); return errors.Join(err, writeAgain(s)) },
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		s, err := newSpool(ctx, t.TempDir(), 10)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- wait(s) }()
		cancel(why)
		if err := <-ended; !errors.Is(err, why) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func writeAgain(s *spool) error {
	_, err := s.Write(make([]byte, 10))
	return err
}
