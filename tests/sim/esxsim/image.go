// The image: which packages run, which will after a restart; how new ones come.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
)

type vib struct {
	name, version string
	live          bool // needs no restart
}

func (v vib) id() string { return "EMU_bootbank_" + v.name + "_" + v.version }

type image struct {
	host *Host
	mu   sync.Mutex
	now  []vib
	next []vib // nil: the same
}

func newImage(h *Host) *image {
	return &image{host: h, now: []vib{
		{name: "esx-base", version: "6.5.0-1.26.5969303"},
		{name: "nhpsa", version: "2.0.14-1OEM.650.0.0.4598673"},
		{name: "emu-nic", version: "4.1.0-1OEM.650"},
		{name: "emu_tools", version: "10.0-1"},
	}}
}

func (m *image) boot() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next != nil {
		m.now, m.next = m.next, nil
	}
}

func (m *image) list(rebooting bool) []vib {
	m.mu.Lock()
	defer m.mu.Unlock()
	if rebooting {
		return append([]vib{}, m.next...)
	}
	return append([]vib{}, m.now...)
}

func (m *image) versions() (now, next map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now = map[string]string{}
	for _, v := range m.now {
		now[v.name] = v.version
	}
	if m.next != nil {
		next = map[string]string{}
	}
	for _, v := range m.next {
		next[v.name] = v.version
	}
	return
}

// What esxcli says of a failure, line by line.
type refusal []string

func (r refusal) Error() string { return strings.Join(r, " ") }

type result struct {
	done, skipped []string
	reboot        bool
}

// Installs, or brings up to date what is there alone.
func (m *image) install(packages []vib, update bool) (r result, err error) {
	maintenance := m.host.inMaintenance()
	if word := m.host.order("esxcli"); word != "" {
		return r, refusal{word, `as it was told to: "<it> & that"`}
	}
	m.host.wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	after := m.now
	if m.next != nil {
		after = m.next
	}
	after = append([]vib{}, after...)
	for _, p := range packages {
		at := -1
		for i := range after {
			if after[i].name == p.name {
				at = i
			}
		}
		if at >= 0 && after[at].version == p.version || at < 0 && update {
			r.skipped = append(r.skipped, p.id())
			continue
		}
		if !p.live && !maintenance {
			return result{}, refusal{"[MaintenanceModeError]", "MaintenanceMode is required to install " + p.id()}
		}
		if at >= 0 {
			after[at] = p
		} else {
			after = append(after, p)
		}
		r.reboot = r.reboot || !p.live
		r.done = append(r.done, p.id())
	}
	if m.host.order("lie") == "" {
		if r.reboot || m.next != nil {
			m.next = after
		} else {
			m.now = after
		}
	}
	m.host.say("installed %s", strings.Join(r.done, " "))
	return r, nil
}

// Tests may look at a host while it installs, or have somebody else do something.
func (h *Host) wait() {
	if a := h.order("meddle"); h.once("meddle", a) {
		h.firewall.meddle(a)
	}
	for file := h.order("hold"); file != ""; {
		if _, err := os.Stat(file); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// ---- packages

// An ar whose first member is descriptor.xml.
func readVib(data []byte) (v vib, err error) {
	bad := refusal{"[VibFormatError]", "it isn't a VIB"}
	if len(data) < 68 || string(data[:8]) != "!<arch>\n" || !strings.HasPrefix(string(data[8:]), "descriptor.xml") {
		return v, bad
	}
	size, err := strconv.Atoi(strings.TrimSpace(string(data[56:66])))
	if err != nil || size < 0 || size > len(data)-68 {
		return v, bad
	}
	var d struct {
		XMLName xml.Name `xml:"vib"`
		Name    string   `xml:"name"`
		Version string   `xml:"version"`
		Live    bool     `xml:"live-install-allowed"`
	}
	if err := xml.Unmarshal(data[68:68+size], &d); err != nil || d.Name == "" || d.Version == "" {
		return v, refusal{"[VibMetadataError]", "its descriptor can't be read"}
	}
	return vib{name: d.Name, version: d.Version, live: d.Live}, nil
}

func readBundle(data []byte) (all []vib, err error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, refusal{"[MetadataFormatError]", err.Error()}
	}
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".vib") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, refusal{"[FileIOError]", err.Error()}
		}
		member, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			return nil, refusal{"[FileIOError]", err.Error()}
		}
		v, err := readVib(member)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// ---- files and URLs

// Python's words, in which esxcli speaks.
func urlError(err error) string {
	var no syscall.Errno
	switch {
	case errors.As(err, &no):
		text := no.Error()
		return fmt.Sprintf("<urlopen error [Errno %d] %s>", int(no), strings.ToUpper(text[:1])+text[1:])
	case os.IsTimeout(err):
		return "<urlopen error timed out>"
	default:
		return "Remote end closed connection without response"
	}
}

func (h *Host) fetch(u *url.URL) ([]byte, error) {
	if a := h.order("decoy"); a != "" {
		c, err := net.Dial("tcp", a)
		if err == nil {
			c.Close()
		}
		h.say("decoy %s reached: %v", a, err == nil)
	}
	client := http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(u.String())
	if err != nil {
		h.say("couldn't fetch: %s", urlError(err))
		return nil, errors.New(urlError(err))
	}
	defer r.Body.Close()
	if r.StatusCode != 200 {
		return nil, fmt.Errorf("HTTP Error %d: %s", r.StatusCode, http.StatusText(r.StatusCode))
	}
	data, err := io.ReadAll(r.Body)
	h.say("fetched %d", len(data))
	return data, err
}

func (h *Host) read(name string) ([]byte, error) {
	u, err := url.Parse(name)
	if err == nil && u.Scheme == "http" {
		data, err := h.fetch(u)
		if err != nil {
			return nil, refusal{"[VibDownloadError]", fmt.Sprintf("('%s', '/tmp/vibtransaction', '%s')", name, err)}
		}
		return data, nil
	}
	name = strings.TrimPrefix(name, "file://")
	ds := simulator.Map.Any("Datastore").(*simulator.Datastore)
	volume := "/vmfs/volumes/" + ds.Name + "/"
	file := ""
	switch {
	case strings.HasPrefix(name, volume):
		file = filepath.Join(h.store, filepath.Base(name))
	case strings.HasPrefix(name, "/tmp/"):
		file = filepath.Join(h.scratch, filepath.Base(name))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, refusal{"[FileIOError]", name + " isn't there"}
	}
	return data, nil
}

func (h *Host) packages(vibs, depots []string) (all []vib, err error) {
	for _, name := range vibs {
		data, err := h.read(name)
		if err != nil {
			return nil, err
		}
		v, err := readVib(data)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	for _, name := range depots {
		if strings.HasPrefix(name, "http") {
			return nil, refusal{"[MetadataDownloadError]", "Could not download from depot at " + name + ": it isn't an index"}
		}
		data, err := h.read(name)
		if err != nil {
			return nil, err
		}
		some, err := readBundle(data)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
