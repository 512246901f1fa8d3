package traffic

import (
	"sync"
	"testing"
	"time"
)

func TestAFloodIsNotRead(t *testing.T) {
	const clients = 5
	var mu sync.Mutex
	keys := map[string]int{}
	f := startFake(t, func(count int64, words []string) string {
		mu.Lock()
		defer mu.Unlock()
		keys[words[1]]++
		if count == 1000 {
			return "" // which closes the connection
		}
		return "+OK\r\n"
	})
	flood, err := StartFlood([]string{f.addr}, clients, Set(10, 100))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); flood.Closed() == 0 && time.Now().Before(deadline); {
		<-time.After(time.Millisecond)
	}
	if err := flood.Stop(); err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if flood.Closed() != 1 || len(keys) != 10 || flood.Sent() < 1000*100 {
		t.Errorf("%d connections were closed by the server; %d keys, %d bytes", flood.Closed(), len(keys), flood.Sent())
	}
}
