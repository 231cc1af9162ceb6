// What comes before the library: requests are read strictly, files need a login,
// and nobody is told to continue.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	xsi    = "http://www.w3.org/2001/XMLSchema-instance"
	cookie = "vmware_soap_session"
)

type front struct {
	host  *Host
	inner http.Handler
}

// ---- sessions are the library's: this only knows which there are

func terminate(key string) {
	sm := simulator.Map.SessionManager()
	somebody := &simulator.Context{Map: simulator.Map, Session: &simulator.Session{}}
	sm.TerminateSession(somebody, &types.TerminateSession{SessionId: []string{key}})
}

func keyOf(r *http.Request) string {
	c, err := r.Cookie(cookie)
	if err != nil {
		return ""
	}
	return c.Value
}

func (f *front) forget(key string) {
	f.host.mu.Lock()
	delete(f.host.sessions, key)
	f.host.mu.Unlock()
}

func (f *front) mayUseFiles(r *http.Request) bool {
	f.host.mu.Lock()
	defer f.host.mu.Unlock()
	u, p, ok := r.BasicAuth()
	return f.host.sessions[keyOf(r)] || ok && u == *user && p == *password
}

// ---- requests

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Expect") != "" {
		f.host.say("refused: Expect")
		w.WriteHeader(http.StatusExpectationFailed)
		return
	}
	switch {
	case r.URL.Path == "/emulated":
		f.host.tellTests(w)
	case strings.HasPrefix(r.URL.Path, "/tmp/"):
		f.files(w, r, f.scratch)
	case strings.HasPrefix(r.URL.Path, "/folder/"):
		f.files(w, r, f.inner.ServeHTTP)
	case r.URL.Path == "/sdk" && r.Method == http.MethodPost:
		f.soap(w, r)
	default:
		f.inner.ServeHTTP(w, r)
	}
}

func (f *front) files(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	f.host.say("%s %s", r.Method, r.URL.Path)
	if !f.mayUseFiles(r) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	serve(w, r)
}

// "Update Package Access": a host's /tmp, which a restart empties.
func (f *front) scratch(w http.ResponseWriter, r *http.Request) {
	name := filepath.Join(f.host.scratch, filepath.Base(r.URL.Path))
	switch r.Method {
	case http.MethodPut:
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(name, data, 0600)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	case http.MethodDelete:
		if os.Remove(name) != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		http.ServeFile(w, r, name)
	}
}

func (f *front) soap(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	method, err := check(body)
	f.host.say("%s %s", method, r.Header.Get("SOAPAction"))
	if err != nil {
		f.host.say("wrong: %s: %s", method, err)
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>ServerFaultCode</faultcode>`+
			`<faultstring>%s</faultstring><detail><InvalidRequestFault xmlns="urn:vim25" xmlns:i="%s" i:type="InvalidRequest"/></detail></e:Fault></e:Body></e:Envelope>`,
			escape(err.Error()), xsi)
		return
	}
	if f.host.once("expire", method) {
		terminate(keyOf(r))
		f.forget(keyOf(r))
	}
	if method == "Logout" {
		f.forget(keyOf(r))
	}
	f.host.lookAtDatastores()
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.inner.ServeHTTP(w, r)
	for _, c := range (&http.Response{Header: w.Header()}).Cookies() {
		if c.Name == cookie {
			f.host.mu.Lock()
			f.host.sessions[c.Value] = true
			f.host.mu.Unlock()
		}
	}
}

// ---- strictly: the types are sequences

type element struct {
	XMLName  xml.Name
	Attr     []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

type field struct {
	name string
	kind reflect.Type
	many bool
}

// In the order of the schema, which is that of the library's structs: what a type
// is derived from comes first.
func fieldsOf(t reflect.Type) (all []field) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("xml"), ",")
		switch {
		case f.Anonymous:
			all = append(all, fieldsOf(f.Type)...)
		case tag[0] == "" || len(tag) > 1 && tag[1] == "attr":
		default:
			one := field{name: tag[0], kind: f.Type}
			for one.kind.Kind() == reflect.Ptr || one.kind.Kind() == reflect.Slice && one.kind.Elem().Kind() != reflect.Uint8 {
				one.many = one.many || one.kind.Kind() == reflect.Slice
				one.kind = one.kind.Elem()
			}
			all = append(all, one)
		}
	}
	return
}

func (e *element) typeOr(usual reflect.Type) (reflect.Type, error) {
	for _, a := range e.Attr {
		if a.Name.Space != xsi || a.Name.Local != "type" {
			continue
		}
		name := a.Value[strings.LastIndex(a.Value, ":")+1:]
		if t, ok := types.TypeFunc()(name); ok {
			return t, nil
		}
		return nil, fmt.Errorf("%s: there is no type %s", e.XMLName.Local, a.Value)
	}
	return usual, nil
}

func (e *element) check(t reflect.Type) error {
	t, err := e.typeOr(t)
	if err != nil || t.Kind() != reflect.Struct || t.NumField() == 0 || t == reflect.TypeOf(types.ManagedObjectReference{}) {
		return err
	}
	all, at, seen := fieldsOf(t), 0, false
	for i := range e.Children {
		c := &e.Children[i]
		if c.XMLName.Space != "urn:vim25" {
			return fmt.Errorf("%s is of the namespace %q", c.XMLName.Local, c.XMLName.Space)
		}
		for at < len(all) && (all[at].name != c.XMLName.Local || seen && !all[at].many) {
			at, seen = at+1, false
		}
		if at == len(all) {
			return fmt.Errorf("%s is out of place in %s, or none of its elements", c.XMLName.Local, t.Name())
		}
		seen = true
		if err := c.check(all[at].kind); err != nil {
			return err
		}
	}
	return nil
}

func check(body []byte) (method string, err error) {
	var envelope struct {
		XMLName xml.Name
		Body    struct {
			Children []element `xml:",any"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	if err = xml.Unmarshal(body, &envelope); err != nil {
		return "?", err
	}
	if len(envelope.Body.Children) != 1 {
		return "?", fmt.Errorf("a body of %d requests", len(envelope.Body.Children))
	}
	e := &envelope.Body.Children[0]
	method = e.XMLName.Local
	t, ok := types.TypeFunc()(method)
	if !ok {
		return method, nil // the library says so itself
	}
	return method, e.check(t)
}

func escape(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text))
	return b.String()
}
