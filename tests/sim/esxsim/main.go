// esxsim - an ESXi host over Debian's govmomi simulator: its SOAP decoder, types,
// sessions, properties, tasks and datastores are the library's, which no one of
// this project wrote; what it lacks (esxcli, patches, image, CIM tickets, restarts,
// allowed addresses of rulesets) is added here.  It reads requests strictly: each
// element has to be one of the type's, in the type's order.
//
//	esxsim -cert FILE -key FILE -ready FILE [-listen ADDRESS:PORT] [-user U] [-password P]
//	       [-plain [-vcenter]] [-nft]
//
// writes its port to READY.  With -plain it is the library's simulator and nothing
// else.  With -nft its rulesets are rules of the network namespace that it runs in:
// outbound default deny.  Requests and what befalls the host are lines in READY.log;
// READY.how has NAME=VALUE lines, read before each request:
//
//	slow=S away=S           tasks, restarts take so long
//	forever=yes             a restart never ends
//	expire=METHOD           the session is gone, once, when that comes
//	esxcli=[WORD]           an installation fails with it
//	lie=yes                 installs nothing and says it did
//	noesxcli=yes            runs no esxcli for clients
//	nodatastore=yes         has none
//	decoy=ADDRESS:PORT      whenever it fetches, it tries to connect there as well
//	meddle=ADDRESS          somebody else adds that to nfsClient while it installs
//	hold=FILE               an installation waits until that file is gone
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/vmware/govmomi/simulator"
)

var (
	certificate = flag.String("cert", "", "certificate, PEM")
	key         = flag.String("key", "", "its key")
	ready       = flag.String("ready", "", "file for the port")
	listen      = flag.String("listen", "127.0.0.1:0", "where to listen")
	user        = flag.String("user", "root", "user")
	password    = flag.String("password", "secret", "and password")
	plain       = flag.Bool("plain", false, "the library's simulator alone")
	vcenter     = flag.Bool("vcenter", false, "a vCenter Server")
	useNft      = flag.Bool("nft", false, "rulesets are rules of nftables")
)

// A door is where clients come in; while a host restarts it is shut.
type door struct {
	address string
	config  *tls.Config
	handler http.Handler
	mu      sync.Mutex
	server  *http.Server
}

func (d *door) open() error {
	l, err := net.Listen("tcp", d.address)
	if err != nil {
		return err
	}
	d.address = l.Addr().String()
	s := &http.Server{Handler: d.handler, ErrorLog: log.New(io.Discard, "", 0)}
	d.mu.Lock()
	d.server = s
	d.mu.Unlock()
	go s.Serve(tls.NewListener(l, d.config))
	return nil
}

func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server.Close()
}

func tell(file, text string) {
	if err := os.WriteFile(file+".new", []byte(text), 0600); err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		log.Fatal(err)
	}
}

func main() {
	flag.Parse()
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		log.Fatal(err)
	}
	model := simulator.ESX()
	if *vcenter {
		model = simulator.VPX()
	}
	model.Machine = 0
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	defer model.Remove()
	// The library opens a door of its own, which nobody is told of.
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(*user, *password)}
	inner := model.Service.NewServer()
	defer inner.Close()

	d := &door{address: *listen, config: &tls.Config{Certificates: []tls.Certificate{pair}}, handler: model.Service.ServeMux}
	if !*plain {
		d.handler = newHost(model, d)
	}
	if err := d.open(); err != nil {
		log.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(d.address)
	tell(*ready, fmt.Sprintln(port))
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	<-c
}
