// What the host is made of: nothing of it was taken from a real one.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// The schema's ids are numbers with a sign.
func id16(n uint16) int16 { return int16(n) }

func pci(id string, class, vendor, device uint16, vendorName, deviceName string) types.HostPciDevice {
	return types.HostPciDevice{Id: id, ClassId: id16(class), VendorId: id16(vendor), DeviceId: id16(device),
		VendorName: vendorName, DeviceName: deviceName}
}

func (h *Host) becomeSomebody() {
	h.Name = "esx1.example"
	released := time.Date(2017, 2, 17, 0, 0, 0, 0, time.UTC)
	h.Hardware.SystemInfo = types.HostSystemInfo{Vendor: "Emulated", Model: "Server Gen9", Uuid: "00000000-0000-0000-0000-000000000001",
		OtherIdentifyingInfo: []types.HostSystemIdentificationInfo{
			{IdentifierValue: "asset 7", IdentifierType: &types.ElementDescription{Key: "AssetTag"}},
			{IdentifierValue: "EMU0000001", IdentifierType: &types.ElementDescription{Key: "ServiceTag"}}}}
	h.Hardware.BiosInfo = &types.HostBIOSInfo{BiosVersion: "E89", ReleaseDate: &released, Vendor: "Emulated",
		MajorRelease: 2, MinorRelease: 32, FirmwareMajorRelease: 2, FirmwareMinorRelease: 5}
	h.Hardware.PciDevice = []types.HostPciDevice{
		pci("0000:00:1f.0", 0x601, 0x8086, 0x8d44, "Intel", "ISA bridge"),
		pci("0000:03:00.0", 0x200, 0x8086, 0x1528, "Intel & Co", "Emulated 10G"),
		pci("0000:04:00.0", 0x104, 0x103c, 0x3239, "HPE", "Emulated Array"),
		pci("0000:05:00.0", 0xc04, 0x1077, 0x2532, "QLogic", "Emulated FC")}
	h.Config.Product.Name = "VMware ESXi"
	h.Config.Product.Version, h.Config.Product.Build = "6.5.0", "5969303"
	nic := func(device string) types.PhysicalNic {
		return types.PhysicalNic{Key: "key-" + device, Device: device, Pci: "0000:03:00.0", Driver: "emu_nic", Mac: "00:00:5e:00:53:01"}
	}
	h.Config.Network.Pnic = []types.PhysicalNic{nic("vmnic0"), nic("vmnic1")}
	h.Config.StorageDevice.HostBusAdapter = []types.BaseHostHostBusAdapter{
		&types.HostBlockHba{HostHostBusAdapter: types.HostHostBusAdapter{Key: "a", Device: "vmhba1", Model: "Emulated Array",
			Driver: "nhpsa", Pci: "0000:04:00.0", Status: "unknown"}},
		&types.HostFibreChannelHba{HostHostBusAdapter: types.HostHostBusAdapter{Key: "b", Device: "vmhba2", Model: "Emulated FC",
			Driver: "emu_fc", Pci: "0000:05:00.0", Status: "online"}, PortWorldWideName: 0x500000000000001, PortType: "unknown"}}
	h.Config.StorageDevice.ScsiLun = []types.BaseScsiLun{
		&types.HostScsiDisk{ScsiLun: types.ScsiLun{CanonicalName: "naa.600", Vendor: "EMU     ", Model: "LOGICAL VOLUME  ", Revision: "6.00",
			LunType: "disk", OperationalState: []string{"ok"}, Uuid: "u"}}}
}
