// esxcli over SOAP: a method executer, whose arguments and answers are XML in XML.
//
// SPDX-License-Identifier: Apache-2.0
package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The library knows neither method: their types, in the order of their children.
type RetrieveManagedMethodExecuter struct {
	This types.ManagedObjectReference `xml:"_this"`
}
type RetrieveManagedMethodExecuterResponse struct {
	Returnval types.ManagedObjectReference `xml:"returnval"`
}
type ExecuteSoap struct {
	This     types.ManagedObjectReference `xml:"_this"`
	Moid     string                       `xml:"moid"`
	Version  string                       `xml:"version"`
	Method   string                       `xml:"method"`
	Argument []SoapArgument               `xml:"argument,omitempty"`
}
type SoapArgument struct {
	Name string `xml:"name"`
	Val  string `xml:"val"`
}
type ExecuteSoapResponse struct {
	Returnval soapResult `xml:"returnval"`
}
type soapResult struct {
	Response string     `xml:"response,omitempty"`
	Fault    *soapFault `xml:"fault,omitempty"`
}
type soapFault struct {
	FaultMsg    string `xml:"faultMsg"`
	FaultDetail string `xml:"faultDetail,omitempty"`
}

type executerBody struct {
	Res    *RetrieveManagedMethodExecuterResponse
	Fault_ *soap.Fault
}

func (b *executerBody) Fault() *soap.Fault { return b.Fault_ }

type executeBody struct {
	Res    *ExecuteSoapResponse
	Fault_ *soap.Fault
}

func (b *executeBody) Fault() *soap.Fault { return b.Fault_ }

type Executer struct {
	types.ManagedObjectReference
	host *Host
}

func registerEsxcli(h *Host) {
	types.Add("RetrieveManagedMethodExecuter", reflect.TypeOf(RetrieveManagedMethodExecuter{}))
	types.Add("ExecuteSoap", reflect.TypeOf(ExecuteSoap{}))
	simulator.Map.Put(&Executer{executerOf(h), h})
}

func executerOf(h *Host) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "ReflectManagedMethodExecuter", Value: "ManagedMethodExecuter-" + h.Self.Value}
}

func (h *Host) RetrieveManagedMethodExecuter(r *RetrieveManagedMethodExecuter) soap.HasFault {
	if h.order("noesxcli") != "" {
		return &executerBody{Fault_: simulator.Fault("", &types.MethodNotFound{Receiver: h.Self, Method: "RetrieveManagedMethodExecuter"})}
	}
	return &executerBody{Res: &RetrieveManagedMethodExecuterResponse{executerOf(h)}}
}

// ---- one command

const head = `<obj xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="` + xsi + `" xmlns="urn:vim25" versionId="5.0" xsi:type=`

var errNoCommand = errors.New("no such command")

func readArguments(r *ExecuteSoap) (map[string][]string, error) {
	all := map[string][]string{}
	for _, a := range r.Argument {
		var x struct {
			Values []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		}
		if err := xml.Unmarshal([]byte("<a>"+a.Val+"</a>"), &x); err != nil {
			return nil, err
		}
		for _, v := range x.Values {
			if v.XMLName.Local != a.Name {
				return nil, fmt.Errorf("argument %s has a value of %s", a.Name, v.XMLName.Local)
			}
			all[a.Name] = append(all[a.Name], v.Text)
		}
	}
	return all, nil
}

// A fault is text in XML, in text in XML.
func failed(lines []string) *soapFault {
	text := head + `"LocalizedMethodFault"><fault xsi:type="VimEsxCLICLIFault">`
	for _, l := range lines {
		text += "<errMsg>" + escape(l) + "</errMsg>"
	}
	return &soapFault{"EsxCLI.CLIFault.summary", text + "</fault><localizedMessage>EsxCLI.CLIFault.summary</localizedMessage></obj>"}
}

func (e *Executer) ExecuteSoap(r *ExecuteSoap) soap.HasFault {
	command := strings.TrimPrefix(r.Method, "vim.EsxCLI.")
	at := strings.LastIndex(command, ".")
	if at < 0 || r.Moid != "ha-cli-handler-"+strings.ReplaceAll(command[:at], ".", "-") {
		return &executeBody{Fault_: simulator.Fault("", &types.ManagedObjectNotFound{Obj: types.ManagedObjectReference{Type: "x", Value: r.Moid}})}
	}
	arguments, err := readArguments(r)
	if err != nil {
		return &executeBody{Fault_: simulator.Fault(err.Error(), &types.InvalidRequest{})}
	}
	e.host.say("esxcli %s %v", command, arguments)
	kind, text, err := e.host.esxcli(command, arguments)
	var lines refusal
	switch {
	case err == errNoCommand:
		return &executeBody{Fault_: simulator.Fault("", &types.MethodNotFound{Receiver: r.This, Method: r.Method})}
	case errors.As(err, &lines):
		return &executeBody{Res: &ExecuteSoapResponse{soapResult{Fault: failed(lines)}}}
	default:
		return &executeBody{Res: &ExecuteSoapResponse{soapResult{Response: head + `"` + kind + `">` + text + "</obj>"}}}
	}
}

func (h *Host) esxcli(command string, a map[string][]string) (kind, text string, err error) {
	switch command {
	case "software.vib.list":
		for _, v := range h.image.list(len(a["rebootingimage"]) == 1 && a["rebootingimage"][0] == "true") {
			text += `<DataObject xsi:type="VimEsxCLIsoftwareviblistSummaryExt"><AcceptanceLevel>PartnerSupported</AcceptanceLevel><ID>` +
				escape(v.id()) + "</ID><Name>" + escape(v.name) + "</Name><Status></Status><Vendor>EMU</Vendor><Version>" +
				escape(v.version) + "</Version></DataObject>"
		}
		return "ArrayOfDataObject", text, nil
	case "software.vib.install", "software.vib.update":
		packages, err := h.packages(a["viburl"], a["depot"])
		if err != nil {
			return "", "", err
		}
		r, err := h.image.install(packages, strings.HasSuffix(command, "update"))
		if err != nil {
			return "", "", err
		}
		text = fmt.Sprintf("<Message>Operation finished successfully.</Message><RebootRequired>%v</RebootRequired>", r.reboot)
		for _, id := range r.done {
			text += "<VIBsInstalled>" + escape(id) + "</VIBsInstalled>"
		}
		for _, id := range r.skipped {
			text += "<VIBsSkipped>" + escape(id) + "</VIBsSkipped>"
		}
		return "VimEsxCLIsoftwarevibinstallInstallationResult", text, nil
	case "software.sources.vib.list":
		return "ArrayOfDataObject", "", h.readDepots(a["depot"])
	case "network.nic.get":
		if len(a["nicname"]) != 1 || a["nicname"][0] != "vmnic0" {
			return "", "", refusal{"Invalid NIC"}
		}
		return "VimEsxCLInetworknicgetNic", "<DriverInfo><BusInfo>0000:03:00.0</BusInfo><Driver>emu_nic</Driver>" +
			"<FirmwareVersion>1.61, 0x80000daa</FirmwareVersion><Version>4.1.0</Version></DriverInfo>", nil
	case "storage.san.fc.list":
		return "ArrayOfDataObject", `<DataObject xsi:type="VimEsxCLIstoragesanfclistFcAdapter"><Adapter>vmhba2</Adapter>` +
			"<DriverVersion>2.1.50</DriverVersion><FirmwareVersion>8.01.00</FirmwareVersion></DataObject>", nil
	}
	return "", "", errNoCommand
}

// Only reads: the index of a depot.
func (h *Host) readDepots(depots []string) error {
	for _, d := range depots {
		u, err := url.Parse(d)
		if err != nil {
			return refusal{"[MetadataDownloadError]", err.Error()}
		}
		data, err := h.fetch(u)
		if err != nil {
			return refusal{"[MetadataDownloadError]", fmt.Sprintf("Could not download from depot at %s, skipping (('%s', '', '%s'))", d, d, err),
				"url = " + d, "Please refer to the log file for more details."}
		}
		var index struct {
			XMLName xml.Name `xml:"vendorList"`
		}
		if xml.Unmarshal(data, &index) != nil {
			return refusal{"[MetadataFormatError]", "Could not parse the index of the depot at " + d, "Please refer to the log file for more details."}
		}
	}
	return nil
}
