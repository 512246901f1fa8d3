package load

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// fakeEtcd answers calls of gRPC with what answer makes of the method and the message: a message, and a status.
func fakeEtcd(t *testing.T, answer func(method string, message []byte) ([]byte, string)) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has given up, maybe after the end of the test
		}
		if len(body) < frameHead || r.Header.Get("Content-Type") != "application/grpc" || r.ProtoMajor != 2 {
			t.Errorf("%s %s: %q", r.Proto, r.URL, body)
			return
		}
		message, status := answer(r.URL.Path, body[frameHead:])
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
		head := make([]byte, frameHead)
		binary.BigEndian.PutUint32(head[1:], uint32(len(message)))
		if _, err := w.Write(append(head, message...)); err != nil {
			return // likewise
		}
		w.Header().Set("Grpc-Status", status)
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestEtcdIsFilledWrittenAndRead(t *testing.T) {
	s := newStore()
	address := fakeEtcd(t, func(method string, message []byte) ([]byte, string) {
		args := stringsOf(t, message)
		switch method {
		case "/etcdserverpb.KV/Txn":
			if err := fields(message, func(_ protowire.Number, _ uint64, op []byte) {
				put := stringsOf(t, []byte(stringsOf(t, op)[2]))
				s.answer([]string{"SET", put[1], put[2]})
			}); err != nil {
				t.Error(err)
			}
			return nil, "0"
		case "/etcdserverpb.KV/Put":
			s.answer([]string{"SET", args[1], args[2]})
			return nil, "0"
		case "/etcdserverpb.KV/Range":
			if s.answer([]string{"GET", args[1]}) == "$-1\r\n" {
				return nil, "0"
			}
			return appendBytesField(nil, 2, []byte("a KeyValue")), "0"
		}
		return nil, "12"
	})
	const keys = 100
	for _, step := range []struct {
		op       EtcdOperation
		pipeline int
	}{{EtcdFill, 7}, {EtcdPut, 1}, {EtcdRange, 1}} {
		f, err := Run(context.Background(), Job{4, step.pipeline, keys}, DialEtcd(address, step.op, keys, Value(5)))
		if err != nil || f.Requests != keys {
			t.Fatalf("%+v: %+v, %v", step, f, err)
		}
	}
	if len(s.keys) != keys || s.keys["key:000000000099"] != "xxxxx" || s.calls["SET"] != 2*keys || s.calls["GET"] != keys+3*4 { // each client connects with a read
		t.Errorf("%d keys, calls %v", len(s.keys), s.calls)
	}
	s.keys = nil
	if _, err := Run(context.Background(), Job{1, 1, 1}, DialEtcd(address, EtcdRange, keys, nil)); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("a missing key: %v", err)
	}
}

// stringsOf reads the fields 1 and 2 of a message.
func stringsOf(t *testing.T, message []byte) (args [3]string) {
	t.Helper()
	if err := fields(message, func(number protowire.Number, _ uint64, value []byte) { args[number] = string(value) }); err != nil {
		t.Error(err)
	}
	return args
}

func TestAFailedCallOfEtcdIsAnError(t *testing.T) {
	address := fakeEtcd(t, func(method string, _ []byte) ([]byte, string) {
		if method == "/etcdserverpb.KV/Put" {
			return nil, "14"
		}
		return nil, "0"
	})
	if _, err := Run(context.Background(), Job{2, 1, 10}, DialEtcd(address, EtcdPut, 1, nil)); err == nil || !strings.Contains(err.Error(), "gRPC status 14") {
		t.Errorf("got %v", err)
	}
}

func TestEtcdSaysWhoLeads(t *testing.T) {
	for leader, want := range map[uint64]bool{0: false, 7: true, 8: false} {
		address := fakeEtcd(t, func(string, []byte) ([]byte, string) {
			header := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), 7)
			status := appendBytesField(appendBytesField(nil, 1, header), 2, []byte("3.4"))
			return protowire.AppendVarint(protowire.AppendTag(status, 4, protowire.VarintType), leader), "0"
		})
		if leads, err := EtcdLeads(context.Background(), address); err != nil || leads != want {
			t.Errorf("leader %d: %v, %v", leader, leads, err)
		}
	}
}
