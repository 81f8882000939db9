// A service that does nothing but answer: what a release under load is measured with, where the Python sample would
// be what is measured. Healthy at once, echoes what is POSTed to /echo, and says in X-Instance who answered.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"
)

const drain = 30 * time.Second

func main() {
	urls := flag.String("urls", "", "where to listen: http://unix:/path/of/socket or http://127.0.0.1:port")
	flag.Parse()
	if err := run(*urls); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(urls string) error {
	version, err := os.ReadFile("VERSION")
	if err != nil {
		return err
	}
	if os.Getenv("ECHO_EXIT") != "" {
		return fmt.Errorf("ECHO_EXIT is set")
	}
	instance := strings.TrimSpace(string(version)) + "/" + os.Getenv("DHANMAN_SLOT")
	network, address := "tcp", strings.TrimPrefix(urls, "http://")
	if path, isPath := strings.CutPrefix(address, "unix:"); isPath {
		network, address = "unix", path
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		out.Header().Set("X-Instance", instance)
		if in.URL.Path == "/echo" {
			io.Copy(out, in.Body)
		}
	})}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	drained := make(chan error, 1)
	go func() {
		<-stop.Done()
		limit, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		drained <- server.Shutdown(limit)
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return <-drained
}
