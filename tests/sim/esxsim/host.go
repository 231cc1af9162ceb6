// The host: what it is made of, maintenance mode, restarts, what tests are told.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Host has the library's host first, so that its properties are found.
type Host struct {
	simulator.HostSystem

	door     *door
	image    *image
	firewall *Firewall
	store    string // the datastore's folder
	scratch  string // /tmp's
	mu       sync.Mutex
	log      *os.File
	sessions map[string]bool
	done     map[string]bool // orders that count once
	boots    int
	tickets  []string
}

func newHost(model *simulator.Model, d *door) http.Handler {
	plainHost := simulator.Map.Any("HostSystem").(*simulator.HostSystem)
	h := &Host{HostSystem: *plainHost, door: d, sessions: map[string]bool{}, done: map[string]bool{}, boots: 1}
	var err error
	if h.log, err = os.OpenFile(*ready+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0600); err != nil {
		log.Fatal(err)
	}
	if h.scratch, err = os.MkdirTemp(filepath.Dir(*ready), "scratch"); err != nil {
		log.Fatal(err)
	}
	ds := simulator.Map.Any("Datastore").(*simulator.Datastore)
	h.store = ds.Info.GetDatastoreInfo().Url
	h.becomeSomebody()
	simulator.Map.Put(h)
	h.image = newImage(h)
	h.firewall = newFirewall(h)
	registerEsxcli(h)
	registerPatches(h)
	return &front{host: h, inner: model.Service.ServeMux}
}

func (h *Host) say(format string, a ...interface{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(h.log, "host "+format+"\n", a...)
}

// ---- orders

func (h *Host) order(name string) string {
	f, err := os.Open(*ready + ".how")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k := strings.SplitN(s.Text(), "=", 2); len(k) == 2 && k[0] == name {
			return k[1]
		}
	}
	return ""
}

func (h *Host) seconds(name string, usual float64) time.Duration {
	if n, err := strconv.ParseFloat(h.order(name), 64); err == nil {
		usual = n
	}
	return time.Duration(usual * float64(time.Second))
}

// Only once, until the value is another.
func (h *Host) once(name, value string) bool {
	if value == "" || h.order(name) != value {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done[name+value] {
		return false
	}
	h.done[name+value] = true
	return true
}

// ---- tasks

// As on a host: queued, then running, then ended, one after the other.
func (h *Host) task(name string, work func() types.BaseMethodFault) types.ManagedObjectReference {
	t := simulator.CreateTask(h, name, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		time.Sleep(h.seconds("slow", 0.1))
		fault := work()
		if fault != nil {
			h.say("task %s error %T", name, fault)
		} else {
			h.say("task %s success", name)
		}
		return nil, fault
	})
	go func() {
		time.Sleep(h.seconds("slow", 0.1))
		t.Run()
	}()
	return t.Self
}

func (h *Host) lookAtDatastores() {
	simulator.Map.WithLock(h, func() {
		h.Datastore = nil
		if h.order("nodatastore") == "" {
			h.Datastore = []types.ManagedObjectReference{simulator.Map.Any("Datastore").Reference()}
		}
	})
}

func (h *Host) inMaintenance() (yes bool) {
	simulator.Map.WithLock(h, func() { yes = h.Runtime.InMaintenanceMode })
	return
}

func (h *Host) setMaintenance(on bool) types.BaseMethodFault {
	if h.inMaintenance() == on {
		return &types.InvalidState{}
	}
	simulator.Map.WithLock(h, func() { h.Runtime.InMaintenanceMode = on })
	return nil
}

func (h *Host) EnterMaintenanceModeTask(*types.EnterMaintenanceMode_Task) soap.HasFault {
	return &methods.EnterMaintenanceMode_TaskBody{Res: &types.EnterMaintenanceMode_TaskResponse{
		Returnval: h.task("enterMaintenanceMode", func() types.BaseMethodFault { return h.setMaintenance(true) })}}
}

func (h *Host) ExitMaintenanceModeTask(*types.ExitMaintenanceMode_Task) soap.HasFault {
	return &methods.ExitMaintenanceMode_TaskBody{Res: &types.ExitMaintenanceMode_TaskResponse{
		Returnval: h.task("exitMaintenanceMode", func() types.BaseMethodFault { return h.setMaintenance(false) })}}
}

// ---- restarts

func (h *Host) RebootHostTask(req *types.RebootHost_Task) soap.HasFault {
	if !h.Runtime.InMaintenanceMode && !req.Force {
		return &methods.RebootHost_TaskBody{Fault_: simulator.Fault("The operation is not allowed in the current state.",
			&types.InvalidState{})}
	}
	t := simulator.CreateTask(h, "rebootHost", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		h.restart()
		return nil, nil
	})
	go func() {
		time.Sleep(100 * time.Millisecond) // the answer goes out first
		t.Run()
	}()
	return &methods.RebootHost_TaskBody{Res: &types.RebootHost_TaskResponse{Returnval: t.Self}}
}

func (h *Host) restart() {
	h.say("restarts")
	h.door.shut()
	time.Sleep(h.seconds("away", 0.5))
	if h.order("forever") != "" {
		return
	}
	h.mu.Lock()
	keys := h.sessions
	h.sessions = map[string]bool{}
	h.boots++
	h.mu.Unlock()
	for key := range keys {
		terminate(key)
	}
	h.image.boot()
	now := time.Now()
	simulator.Map.WithLock(h, func() { h.Runtime.BootTime = &now })
	if err := h.door.open(); err != nil {
		log.Fatal(err)
	}
	h.say("is back")
}

func (h *Host) AcquireCimServicesTicket(*types.AcquireCimServicesTicket) soap.HasFault {
	id := uuid.New().String()
	h.mu.Lock()
	h.tickets = append(h.tickets, id)
	h.mu.Unlock()
	return &methods.AcquireCimServicesTicketBody{Res: &types.AcquireCimServicesTicketResponse{
		Returnval: types.HostServiceTicket{Service: "vim-cim", ServiceVersion: "1.0", SessionId: id}}}
}

// What has really happened to it, for tests.
func (h *Host) tellTests(w http.ResponseWriter) {
	files := []string{}
	for _, dir := range []string{h.store, h.scratch} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			files = append(files, e.Name())
		}
	}
	now, next := h.image.versions()
	maintenance := h.inMaintenance()
	h.mu.Lock()
	defer h.mu.Unlock()
	json.NewEncoder(w).Encode(map[string]interface{}{"vibs": now, "next": next, "maintenance": maintenance,
		"boots": h.boots, "files": files, "sessions": len(h.sessions), "nfs": h.firewall.brief("nfsClient"), "tickets": h.tickets})
}
