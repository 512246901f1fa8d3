package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// The bounds of the HTTP server. Nobody but operators, probes and Prometheus has to do with it.
const (
	maxConnections  = 128
	maxHeaderBytes  = 16 << 10
	readTimeout     = 5 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = 30 * time.Second
	questionTimeout = 5 * time.Second // of /cluster
)

// Server is the HTTP server of a node. Its methods are safe for use by several goroutines.
type Server struct {
	monitor  *Monitor
	listener net.Listener
	http     http.Server
	log      *slog.Logger
	done     chan struct{}
}

// Serve listens on address, host:port, and answers until Close. The error names the address.
func Serve(address string, m *Monitor, log *slog.Logger) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("monitor: cannot listen for HTTP on %s: %w; choose another address with --http-listen, or stop what uses it", address, err)
	}
	s := &Server{monitor: m, listener: listener, log: log, done: make(chan struct{})}
	s.http = http.Server{Handler: s.handler(), ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)} // no higher: whoever reaches the port could fill the log
	m.ServesAt(listener.Addr().String())
	go s.run()
	return s, nil
}

func (s *Server) run() {
	defer close(s.done)
	if err := s.http.Serve(netutil.LimitListener(s.listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
		s.log.Error("the HTTP server has ended; the node goes on without it", "error", err)
	}
}

// Addr is where it listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close ends the server: requests under way are answered until ctx ends. Its error is no harm to the node.
func (s *Server) Close(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	<-s.done
	return err
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "alive\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.monitor.Status()) })
	mux.HandleFunc("GET /cluster", s.cluster)
	mux.Handle("GET /metrics", metricsHandler(s.monitor))
	return guarded(mux)
}

// guarded has browsers make nothing of an answer but what it is, and keep none: each is of its moment.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if reasons := s.monitor.NotReady(); len(reasons) > 0 {
		writeText(w, http.StatusServiceUnavailable, "not ready\n"+strings.Join(reasons, "\n")+"\n")
		return
	}
	writeText(w, http.StatusOK, "ready\n")
}

func (s *Server) cluster(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), questionTimeout)
	defer cancel()
	c, err := s.monitor.Cluster(ctx)
	if err != nil {
		writeText(w, http.StatusServiceUnavailable, "the cluster could not be asked in time: "+err.Error()+"\n")
		return
	}
	writeJSON(w, c)
}

// The errors of writing an answer are those of a client that has gone, and nobody's concern.

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}

func writeJSON(w http.ResponseWriter, v any) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		writeText(w, http.StatusInternalServerError, err.Error()+"\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n'))
}
