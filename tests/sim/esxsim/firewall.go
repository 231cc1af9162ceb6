// The host's firewall: the library's rulesets, those of a host of version 6.5, with
// the addresses that they allow; as rules of nftables, if wanted.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"fmt"
	"log"
	"os/exec"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type Firewall struct {
	simulator.HostFirewallSystem
	host *Host
}

func newFirewall(h *Host) *Firewall {
	f := &Firewall{*simulator.Map.Get(*h.ConfigManager.FirewallSystem).(*simulator.HostFirewallSystem), h}
	simulator.Map.Put(f)
	f.apply()
	return f
}

func (f *Firewall) ruleset(id string) *types.HostFirewallRuleset {
	for i := range f.FirewallInfo.Ruleset {
		if f.FirewallInfo.Ruleset[i].Key == id {
			return &f.FirewallInfo.Ruleset[i]
		}
	}
	return nil
}

// [enabled, null or [addresses, networks]]
func (f *Firewall) brief(id string) (ret [2]interface{}) {
	r := f.ruleset(id)
	ret[0] = r.Enabled
	if a := r.AllowedHosts; a != nil && !a.AllIp {
		addresses, networks := []string{}, []string{}
		addresses = append(addresses, a.IpAddress...)
		for _, n := range a.IpNetwork {
			networks = append(networks, fmt.Sprintf("%s/%d", n.Network, n.PrefixLength))
		}
		ret[1] = [][]string{addresses, networks}
	}
	return
}

func (f *Firewall) changed(what, id string) {
	f.host.say("%s %s: %v", what, id, f.brief(id))
	f.apply()
}

// Enabling and disabling are the library's.
func (f *Firewall) EnableRuleset(r *types.EnableRuleset) soap.HasFault {
	ret := f.HostFirewallSystem.EnableRuleset(r)
	if ret.Fault() == nil {
		f.changed("ruleset on", r.Id)
	}
	return ret
}

func (f *Firewall) DisableRuleset(r *types.DisableRuleset) soap.HasFault {
	ret := f.HostFirewallSystem.DisableRuleset(r)
	if ret.Fault() == nil {
		f.changed("ruleset off", r.Id)
	}
	return ret
}

func (f *Firewall) UpdateRuleset(r *types.UpdateRuleset) soap.HasFault {
	ruleset := f.ruleset(r.Id)
	if ruleset == nil {
		return &methods.UpdateRulesetBody{Fault_: simulator.Fault("", &types.NotFound{})}
	}
	a := r.Spec.AllowedHosts
	ruleset.AllowedHosts = &a
	f.changed("ruleset hosts", r.Id)
	return &methods.UpdateRulesetBody{Res: new(types.UpdateRulesetResponse)}
}

func (f *Firewall) meddle(address string) {
	simulator.Map.WithLock(f, func() {
		a := f.ruleset("nfsClient").AllowedHosts
		a.IpAddress = append(a.IpAddress, address)
		f.changed("somebody else", "nfsClient")
	})
}

// ---- as rules of the kernel's

func hostsOf(a *types.HostFirewallRulesetIpList) []string {
	if a == nil || a.AllIp {
		return []string{""}
	}
	all := []string{}
	for _, ip := range a.IpAddress {
		all = append(all, "ip daddr "+ip+" ")
	}
	for _, n := range a.IpNetwork {
		all = append(all, fmt.Sprintf("ip daddr %s/%d ", n.Network, n.PrefixLength))
	}
	return all
}

// Outbound default deny; what is refused is refused at once, so that nobody waits.
func (f *Firewall) apply() {
	if !*useNft {
		return
	}
	rules := ""
	for _, s := range f.FirewallInfo.Ruleset {
		for _, r := range s.Rule {
			if !s.Enabled || r.Direction != types.HostFirewallRuleDirectionOutbound || r.Protocol != "tcp" && r.Protocol != "udp" {
				continue
			}
			last := r.EndPort
			if last == 0 {
				last = r.Port
			}
			port := "dport"
			if r.PortType == types.HostFirewallRulePortTypeSrc {
				port = "sport"
			}
			for _, h := range hostsOf(s.AllowedHosts) {
				rules += fmt.Sprintf("%s%s %s %d-%d accept\n", h, r.Protocol, port, r.Port, last)
			}
		}
	}
	c := exec.Command("nft", "-f", "-")
	c.Stdin = strings.NewReader("table inet esx\ndelete table inet esx\ntable inet esx { chain out { type filter hook output priority 0; policy drop\n" +
		"oif lo accept\nct state established,related accept\nmeta l4proto { icmp, ipv6-icmp } accept\n" + rules +
		"reject with icmpx type admin-prohibited\n}\n}\n")
	if out, err := c.CombinedOutput(); err != nil {
		log.Fatalf("nft: %v: %s", err, out)
	}
}
