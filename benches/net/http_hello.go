// The server of http_hello.erl in Go, on its net/http.
//
//	go build -o http_hello_go http_hello.go; ./http_hello_go PORT
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	body := []byte("Hello, World!")
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Server", "bench")
		h.Set("Content-Type", "text/plain")
		w.Write(body)
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
	os.Exit(1)
}
