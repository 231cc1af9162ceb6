# Fuzzers, each with a folder of inputs, corpus/NAME: ordinary tests by fuzz/driver.c, and targets of libFuzzer.
if SOURCE_LINUX
check_PROGRAMS += fuzz/linux_inventory
endif
fuzz_linux_inventory_SOURCES = fuzz/linux_inventory.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_linux_inventory_SOURCES = ../plugins/linux/parse.c ../plugins/linux/items.c \
  ../plugins/linux/fwupd.c ../plugins/linux/text.c
fuzz_linux_inventory_LDADD = ../core/libbase.la $(JANSSON_LIBS)
fuzz_programs = fuzz/version fuzz/deb_control fuzz/component_cfg fuzz/component_json fuzz/request
check_PROGRAMS += $(fuzz_programs)
fuzz_request_SOURCES = fuzz/request.c fuzz/driver.c fuzz/fuzz.h
fuzz_request_LDADD = ../core/libservice.la ../core/libbase.la
fuzz_version_SOURCES = fuzz/version.c fuzz/driver.c fuzz/fuzz.h
fuzz_version_LDADD = ../core/libbase.la
fuzz_component_json_SOURCES = fuzz/component_json.c fuzz/driver.c fuzz/fuzz.h
fuzz_component_json_LDADD = ../core/libbase.la
fuzz_deb_control_SOURCES = fuzz/deb_control.c fuzz/driver.c fuzz/fuzz.h
fuzz_deb_control_LDADD = ../core/libscan.la ../core/libbase.la
fuzz_component_cfg_SOURCES = fuzz/component_cfg.c fuzz/driver.c fuzz/fuzz.h
fuzz_component_cfg_LDADD = ../core/libscan.la ../core/libbase.la
# Formats of baselines.
fuzz_formats = fuzz/container fuzz/documents fuzz/format_fwpkg fuzz/format_cab fuzz/format_vib fuzz/format_scexe
check_PROGRAMS += $(fuzz_formats)
fuzz_container_SOURCES = fuzz/container.c fuzz/driver.c fuzz/fuzz.h fuzz/stream.h
fuzz_container_LDADD = ../core/libscan.la ../core/libbase.la
check_PROGRAMS += fuzz/udf
fuzz_udf_SOURCES = fuzz/udf.c fuzz/driver.c fuzz/fuzz.h
fuzz_udf_LDADD = ../core/libscan.la ../core/libbase.la
fuzz_documents_SOURCES = fuzz/documents.c fuzz/driver.c fuzz/fuzz.h fuzz/stream.h
fuzz_documents_LDADD = ../core/libscan.la ../core/libbase.la
fuzz_format_fwpkg_SOURCES = fuzz/format_fwpkg.c fuzz/driver.c fuzz/fuzz.h fuzz/stream.h
fuzz_format_fwpkg_LDADD = ../core/libscan.la ../core/libbase.la
fuzz_format_cab_SOURCES = fuzz/format_cab.c fuzz/driver.c fuzz/fuzz.h fuzz/stream.h
fuzz_format_cab_LDADD = ../core/libscan.la ../core/libbase.la
fuzz_format_vib_SOURCES = fuzz/format_vib.c fuzz/driver.c fuzz/fuzz.h fuzz/stream.h
fuzz_format_vib_LDADD = ../core/libscan.la ../core/libbase.la
fuzz_format_scexe_SOURCES = fuzz/format_scexe.c fuzz/driver.c fuzz/fuzz.h fuzz/stream.h
fuzz_format_scexe_LDADD = ../core/libscan.la ../core/libbase.la
EXTRA_DIST += fuzz/check-fuzz.sh fuzz/corpus

# Not part of check: a minute each, with clang's libFuzzer, in a build of their own.
check-fuzz:
	bash $(srcdir)/fuzz/check-fuzz.sh $(abs_top_srcdir) $(filter fuzz/%, $(check_PROGRAMS))
.PHONY: check-fuzz
clean-local:
	-rm -rf fuzz-build fuzz-found without-plugins
check_PROGRAMS += fuzz/gate_request
fuzz_gate_request_SOURCES = fuzz/gate_request.c fuzz/driver.c fuzz/fuzz.h
fuzz_gate_request_LDADD = ../core/libgate.la ../core/libbase.la
check_PROGRAMS += fuzz/ftp_command
fuzz_ftp_command_SOURCES = fuzz/ftp_command.c fuzz/driver.c fuzz/fuzz.h
fuzz_ftp_command_LDADD = ../core/libservice.la ../core/libbase.la
check_PROGRAMS += fuzz/selector
fuzz_selector_SOURCES = fuzz/selector.c fuzz/driver.c fuzz/fuzz.h
fuzz_selector_LDADD = ../core/libbase.la
check_PROGRAMS += fuzz/statement fuzz/root fuzz/cms
# Vendors' signatures.
check_PROGRAMS += fuzz/jcat
fuzz_jcat_SOURCES = fuzz/jcat.c fuzz/driver.c fuzz/fuzz.h
fuzz_jcat_LDADD = ../core/libscan.la ../core/libbase.la
fuzz_statement_SOURCES = fuzz/statement.c fuzz/driver.c fuzz/fuzz.h
fuzz_statement_LDADD = ../core/libsign.la ../core/libbase.la
fuzz_root_SOURCES = fuzz/root.c fuzz/driver.c fuzz/fuzz.h
fuzz_root_LDADD = ../core/libsign.la ../core/libbase.la
fuzz_cms_SOURCES = fuzz/cms.c fuzz/driver.c fuzz/fuzz.h
fuzz_cms_LDADD = ../core/libsign.la ../core/libbase.la
check_PROGRAMS += fuzz/ansible_ini fuzz/ansible_yaml
fuzz_ansible_ini_SOURCES = fuzz/ansible_ini.c fuzz/driver.c fuzz/fuzz.h ../core/cli/ansible.c \
  ../core/cli/ansible-hosts.c ../core/cli/ansible-ini.c
fuzz_ansible_ini_LDADD = ../core/libbase.la
fuzz_ansible_yaml_SOURCES = fuzz/ansible_yaml.c fuzz/driver.c fuzz/fuzz.h ../core/cli/ansible.c \
  ../core/cli/ansible-hosts.c ../core/cli/ansible-yaml.c
fuzz_ansible_yaml_LDADD = ../core/libbase.la $(YAML_LIBS)
check_PROGRAMS += fuzz/fetch_list
fuzz_fetch_list_SOURCES = fuzz/fetch_list.c fuzz/driver.c fuzz/fuzz.h ../core/baseline/fetch-list.c
fuzz_fetch_list_LDADD = ../core/libscan.la ../core/libbase.la
if SOURCE_ILO
check_PROGRAMS += fuzz/ilo
endif
fuzz_ilo_SOURCES = fuzz/ilo.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_ilo_SOURCES = ../plugins/ilo/items.c ../plugins/ilo/xmldata.c
fuzz_ilo_LDADD = ../sdk/lib/libredfish.la ../core/libbase.la $(JANSSON_LIBS) $(XML_LIBS)
check_PROGRAMS += fuzz/sum_input fuzz/sum_line
sum_sources = ../core/cli/sum-input.c ../core/cli/sum-parse.c ../core/cli/sum-table.c ../core/cli/secret-wipe.c
fuzz_sum_input_SOURCES = fuzz/sum_input.c fuzz/driver.c fuzz/fuzz.h $(sum_sources)
fuzz_sum_input_LDADD = ../core/libbase.la
fuzz_sum_line_SOURCES = fuzz/sum_line.c fuzz/driver.c fuzz/fuzz.h $(sum_sources)
fuzz_sum_line_LDADD = ../core/libbase.la
check_PROGRAMS += fuzz/node_request
fuzz_node_request_SOURCES = fuzz/node_request.c fuzz/driver.c fuzz/fuzz.h
fuzz_node_request_LDADD = ../core/libservice.la ../core/libbase.la
check_PROGRAMS += fuzz/dialogue
fuzz_dialogue_SOURCES = fuzz/dialogue.c fuzz/driver.c fuzz/fuzz.h
fuzz_dialogue_LDADD = ../sdk/lib/libdialogue.la ../core/libbase.la
if SOURCE_OA
check_PROGRAMS += fuzz/oa
endif
fuzz_oa_SOURCES = fuzz/oa.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_oa_SOURCES = ../plugins/oa/enclosure.c ../plugins/oa/xmldata.c ../plugins/oa/soap-read.c \
  ../plugins/oa/fields.c ../plugins/oa/cli-read.c ../plugins/oa/answer.c
fuzz_oa_LDADD = ../sdk/lib/libxml.la ../core/libbase.la $(XML_LIBS)
check_PROGRAMS += fuzz/redfish fuzz/quirks
check_PROGRAMS += fuzz/bridge
fuzz_bridge_SOURCES = fuzz/bridge.c fuzz/driver.c fuzz/fuzz.h
fuzz_bridge_LDADD = ../sdk/testhost/libtesthost.la ../core/libworker.la ../core/libbase.la
check_PROGRAMS += fuzz/recording
fuzz_recording_SOURCES = fuzz/recording.c fuzz/driver.c fuzz/fuzz.h
fuzz_recording_LDADD = ../sdk/testhost/libtesthost.la ../core/libbase.la
fuzz_redfish_SOURCES = fuzz/redfish.c fuzz/driver.c fuzz/fuzz.h ../plugins/redfish/src/node.c
fuzz_redfish_LDADD = ../sdk/lib/libredfish.la ../core/libbase.la $(JANSSON_LIBS)
fuzz_quirks_SOURCES = fuzz/quirks.c fuzz/driver.c fuzz/fuzz.h
fuzz_quirks_LDADD = ../core/libworker.la
if SOURCE_ILO
check_PROGRAMS += fuzz/ribcl fuzz/switch_text fuzz/fc_rest
endif
fuzz_ribcl_SOURCES = fuzz/ribcl.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_ribcl_SOURCES = ../plugins/ilo/ribcl-text.c
fuzz_ribcl_LDADD = ../core/libbase.la
fuzz_switch_text_SOURCES = fuzz/switch_text.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_switch_text_SOURCES = ../plugins/ilo/fc-text.c ../plugins/ilo/vc-text.c
fuzz_switch_text_LDADD = ../core/libbase.la
fuzz_fc_rest_SOURCES = fuzz/fc_rest.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_fc_rest_SOURCES = ../plugins/ilo/fc-rest.c ../plugins/ilo/fc-rest-update.c ../plugins/ilo/fc-source.c \
  ../plugins/ilo/fc-text.c
fuzz_fc_rest_LDADD = ../core/libbase.la $(JANSSON_LIBS)
if SOURCE_SUPERDOME
check_PROGRAMS += fuzz/superdome
endif
fuzz_superdome_SOURCES = fuzz/superdome.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_superdome_SOURCES = ../plugins/superdome/x-text.c ../plugins/superdome/flex-items.c
fuzz_superdome_LDADD = ../sdk/lib/libredfish.la ../sdk/lib/libdialogue.la ../core/libbase.la $(JANSSON_LIBS)
if SOURCE_VMWARE
check_PROGRAMS += fuzz/vmware
endif
fuzz_vmware_SOURCES = fuzz/vmware.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_vmware_SOURCES = ../plugins/vmware/answer.c
fuzz_vmware_LDADD = ../sdk/lib/libxml.la ../core/libbase.la $(XML_LIBS)
check_PROGRAMS += fuzz/smb_login fuzz/smb_session fuzz/smb_rpc
fuzz_smb_login_SOURCES = fuzz/smb_login.c fuzz/driver.c fuzz/fuzz.h
fuzz_smb_login_LDADD = ../core/libworker.la
fuzz_smb_session_SOURCES = fuzz/smb_session.c fuzz/driver.c fuzz/fuzz.h
fuzz_smb_session_LDADD = ../core/libworker.la
fuzz_smb_rpc_SOURCES = fuzz/smb_rpc.c fuzz/driver.c fuzz/fuzz.h
fuzz_smb_rpc_LDADD = ../core/libworker.la
if SOURCE_VMWARE
check_PROGRAMS += fuzz/vmware_cim
endif
fuzz_vmware_cim_SOURCES = fuzz/vmware_cim.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_vmware_cim_SOURCES = ../plugins/vmware/cim-answer.c ../plugins/vmware/answer.c
fuzz_vmware_cim_LDADD = ../sdk/lib/libxml.la ../core/libbase.la $(XML_LIBS)
if SOURCE_WINDOWS
check_PROGRAMS += fuzz/windows
endif
fuzz_windows_SOURCES = fuzz/windows.c fuzz/driver.c fuzz/fuzz.h
nodist_fuzz_windows_SOURCES = $(windows_sources)
fuzz_windows_LDADD = ../core/libbase.la $(JANSSON_LIBS)
