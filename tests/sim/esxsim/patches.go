// HostPatchManager and HostImageConfigManager, by the library's types.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type PatchManager struct {
	mo.HostPatchManager
	host *Host
}

type ImageConfig struct {
	mo.HostImageConfigManager
	host *Host
}

func registerPatches(h *Host) {
	p := &PatchManager{host: h}
	p.Self = *h.ConfigManager.PatchManager
	simulator.Map.Put(p)
	c := &ImageConfig{host: h}
	c.Self = *h.ConfigManager.ImageConfigManager
	simulator.Map.Put(c)
}

func (p *PatchManager) InstallHostPatchV2Task(r *types.InstallHostPatchV2_Task) soap.HasFault {
	h := p.host
	return &methods.InstallHostPatchV2_TaskBody{Res: &types.InstallHostPatchV2_TaskResponse{
		Returnval: h.task("installV2", func() types.BaseMethodFault {
			if len(r.BundleUrls) > 0 {
				return &types.NotSupported{}
			}
			packages, err := h.packages(r.VibUrls, nil)
			if err == nil {
				_, err = h.image.install(packages, false)
			}
			if lines, ok := err.(refusal); ok && lines[0] == "[VibDownloadError]" {
				return &types.PatchBinariesNotFound{}
			}
			if err != nil {
				return &types.PlatformConfigFault{Text: err.Error()}
			}
			return nil
		})}}
}

// ---- the image's manager

// Its answer begins with a small letter, as its method does.
type fetchSoftwarePackagesResponse struct {
	Returnval []types.SoftwarePackage `xml:"returnval,omitempty"`
}

type packagesBody struct {
	Res    *fetchSoftwarePackagesResponse
	Fault_ *soap.Fault
}

func (b *packagesBody) Fault() *soap.Fault { return b.Fault_ }

func (c *ImageConfig) FetchSoftwarePackages(*types.FetchSoftwarePackages) soap.HasFault {
	all := &fetchSoftwarePackagesResponse{}
	for _, v := range c.host.image.list(false) {
		all.Returnval = append(all.Returnval, types.SoftwarePackage{Name: v.name, Version: v.version, Type: "bootbank",
			Vendor: "EMU", AcceptanceLevel: "partner", Summary: v.name, Description: v.name,
			Capability: types.SoftwarePackageCapability{LiveInstallAllowed: types.NewBool(v.live)}})
	}
	return &packagesBody{Res: all}
}

func (c *ImageConfig) HostImageConfigGetProfile(*types.HostImageConfigGetProfile) soap.HasFault {
	return &methods.HostImageConfigGetProfileBody{Res: &types.HostImageConfigGetProfileResponse{
		Returnval: types.HostImageProfileSummary{Name: "(Updated) Emulated-ESXi-6.5.0", Vendor: "Emulated"}}}
}

func (c *ImageConfig) HostImageConfigGetAcceptance(*types.HostImageConfigGetAcceptance) soap.HasFault {
	return &methods.HostImageConfigGetAcceptanceBody{Res: &types.HostImageConfigGetAcceptanceResponse{Returnval: "partner"}}
}
