package differential

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// connections is how many clients a sequence has: the second one writes what the first one watches.
const connections = 2

// replyLimit is how long any reply may take; one that takes longer counts as lost. Whoever measures on the same machine may have all others
// stand still for minutes.
const replyLimit = 20 * time.Second

// Call is one command of a sequence.
type Call struct {
	// Client is which of the connections sends it.
	Client int
	// Args are the command's name and its arguments.
	Args []string
}

// Server is one of the two that are compared, with connections of its own. It belongs to one goroutine.
type Server struct {
	// Name is for messages.
	Name  string
	conns [connections]net.Conn
	in    [connections]*bufio.Reader
	lost  error // a reply did not come: what comes next would be taken for it
}

// Dial connects to the server at an address.
func Dial(name, address string) (*Server, error) {
	s := &Server{Name: name}
	for i := range s.conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), s.Close())
		}
		s.conns[i], s.in[i] = conn, bufio.NewReader(conn)
	}
	return s, nil
}

func (s *Server) String() string { return s.Name }

// Close ends the connections.
func (s *Server) Close() error {
	var errs []error
	for _, conn := range s.conns {
		if conn != nil {
			errs = append(errs, conn.Close())
		}
	}
	return errors.Join(errs...)
}

// Do sends one command on the first connection and returns its reply.
func (s *Server) Do(args ...string) (Reply, error) {
	replies, err := s.Run([]Call{{Args: args}})
	if err != nil {
		return Reply{}, err
	}
	return replies[0], nil
}

// Run sends calls and returns their replies. What one connection sends in a row is pipelined; another connection's call is sent when
// all before it have been answered.
func (s *Server) Run(calls []Call) ([]Reply, error) {
	if s.lost != nil {
		return nil, s.lost
	}
	var replies []Reply
	for len(calls) > 0 {
		n := 1
		for n < len(calls) && calls[n].Client == calls[0].Client {
			n++
		}
		got, err := s.pipeline(calls[0].Client, calls[:n])
		replies = append(replies, got...)
		if err != nil {
			s.lost = fmt.Errorf("%s: %q: %w", s.Name, calls[min(len(got), n-1)].Args, err)
			return replies, s.lost
		}
		calls = calls[n:]
	}
	return replies, nil
}

// pipeline sends calls at once and reads their replies meanwhile, since a server may stop reading while nobody takes its replies.
func (s *Server) pipeline(client int, calls []Call) ([]Reply, error) {
	conn := s.conns[client]
	if err := conn.SetDeadline(time.Now().Add(replyLimit)); err != nil {
		return nil, err
	}
	var request []byte
	for _, c := range calls {
		request = appendRequest(request, c.Args)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(request)
		sent <- err
	}()
	replies := make([]Reply, 0, len(calls))
	for range calls {
		reply, err := ReadReply(s.in[client])
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
	return replies, <-sent
}

func appendRequest(dst []byte, args []string) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(args)), 10)
	dst = append(dst, "\r\n"...)
	for _, arg := range args {
		dst = append(dst, '$')
		dst = strconv.AppendInt(dst, int64(len(arg)), 10)
		dst = append(dst, "\r\n"...)
		dst = append(dst, arg...)
		dst = append(dst, "\r\n"...)
	}
	return dst
}
