package resp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// redisServer is a redis-server of the test's own, to compare with, and a connection to it.
type redisServer struct {
	t       *testing.T
	address string
	conn    net.Conn
	r       *bufio.Reader
}

// startRedisServer starts redis-server without persistence on a free port and waits for its own word that it is ready.
func startRedisServer(t *testing.T, flags ...string) *redisServer {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed: nothing to compare with")
	}
	for port := 22100; port < 22200; port++ {
		address := strconv.Itoa(port)
		cmd := exec.Command(path, append([]string{"--port", address, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, flags...)...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ready := false
		for lines := bufio.NewScanner(out); !ready && lines.Scan(); {
			ready = strings.Contains(lines.Text(), "eady to accept connections")
		}
		if !ready {
			_ = cmd.Wait() // the port is taken: it says so by its exit
			continue
		}
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			_, _ = io.Copy(io.Discard, out)
		}()
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			<-drained
			_ = cmd.Wait()
		})
		r := &redisServer{t: t, address: net.JoinHostPort("127.0.0.1", address)}
		r.redial()
		return r
	}
	t.Skip("redis-server found no free port from 22100 to 22199")
	return nil
}

// redial opens another connection.
func (r *redisServer) redial() {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	r.conn, r.r = conn, bufio.NewReader(conn)
}

// do sends a command and returns the bytes of its reply.
func (r *redisServer) do(args statemachine.Args) []byte {
	r.t.Helper()
	request := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		request = fmt.Appendf(request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return r.raw(string(request))
}

// raw sends bytes and returns those of one reply.
func (r *redisServer) raw(request string) []byte {
	r.t.Helper()
	if _, err := io.WriteString(r.conn, request); err != nil {
		r.t.Fatal(err)
	}
	return r.reply()
}

func (r *redisServer) reply() []byte {
	r.t.Helper()
	line, err := r.r.ReadBytes('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	n, _ := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	switch line[0] {
	case '$', '=':
		if n >= 0 {
			data := make([]byte, n+2)
			if _, err := io.ReadFull(r.r, data); err != nil {
				r.t.Fatal(err)
			}
			line = append(line, data...)
		}
	case '%':
		n *= 2
		fallthrough
	case '*', '~', '>':
		for range n {
			line = append(line, r.reply()...)
		}
	}
	return line
}

// decoded is a reply as a tree: string for all that has no parts, nil for null, []any for an aggregate, map[string]any for a map.
func decoded(t *testing.T, reply []byte) any {
	t.Helper()
	d := decoder{t, bufio.NewReader(bytes.NewReader(reply))}
	return d.value()
}

type decoder struct {
	t *testing.T
	r *bufio.Reader
}

func (d *decoder) value() any {
	line, err := d.r.ReadString('\n')
	if err != nil {
		d.t.Fatal(err)
	}
	text := strings.TrimSuffix(line[1:], "\r\n")
	n, _ := strconv.Atoi(text)
	switch line[0] {
	case '_':
		return nil
	case '$', '=':
		data := make([]byte, n+2)
		if _, err := io.ReadFull(d.r, data); err != nil {
			d.t.Fatal(err)
		}
		return string(data[:n])
	case '*', '~', '>':
		elements := make([]any, n)
		for i := range elements {
			elements[i] = d.value()
		}
		return elements
	case '%':
		fields := make(map[string]any, n)
		for range n {
			name := d.value()
			fields[fmt.Sprint(name)] = d.value()
		}
		return fields
	}
	return text
}
