dist_check_SCRIPTS += unit/includes.sh unit/plugins-line.sh
if HAVE_CMOCKA
check_PROGRAMS += unit/load
unit_load_SOURCES = unit/load.c
unit_load_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/ports
unit_ports_SOURCES = unit/ports.c
unit_ports_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/seal
unit_seal_SOURCES = unit/seal.c
unit_seal_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/settings
unit_settings_SOURCES = unit/settings.c
unit_settings_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/pool unit/wire
unit_pool_SOURCES = unit/pool.c
unit_pool_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_wire_SOURCES = unit/wire.c
unit_wire_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
check_PROGRAMS += unit/version unit/component unit/report unit/scan
unit_scan_SOURCES = unit/scan.c
unit_scan_LDADD = ../core/libscan.la ../core/libbase.la $(CMOCKA_LIBS)
unit_report_SOURCES = unit/report.c
unit_report_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_version_SOURCES = unit/version.c
unit_version_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
unit_component_SOURCES = unit/component.c
unit_component_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/engine unit/plan
unit_plan_SOURCES = unit/plan.c
unit_plan_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
unit_engine_SOURCES = unit/engine.c unit/engine-lib.h
check_PROGRAMS += unit/engine-rollout
unit_engine_rollout_SOURCES = unit/engine-rollout.c unit/engine-lib.h
unit_engine_rollout_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_engine_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/guard unit/listen unit/route unit/tls unit/token
unit_listen_SOURCES = unit/listen.c
unit_listen_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_guard_SOURCES = unit/guard.c
unit_guard_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_route_SOURCES = unit/route.c
unit_route_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_tls_SOURCES = unit/tls.c
unit_tls_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_token_SOURCES = unit/token.c
unit_token_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
if SOURCE_LINUX
check_PROGRAMS += unit/linux-parse
endif
unit_linux_parse_SOURCES = unit/linux-parse.c
nodist_unit_linux_parse_SOURCES = ../plugins/linux/parse.c ../plugins/linux/items.c ../plugins/linux/fwupd.c \
  ../plugins/linux/text.c ../plugins/linux/inventory.h ../plugins/linux/text.h
unit_linux_parse_LDADD = $(JANSSON_LIBS) $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/serve
unit_serve_SOURCES = unit/serve.c
unit_serve_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
check_PROGRAMS += unit/offer-tree
unit_offer_tree_SOURCES = unit/offer-tree.c
unit_offer_tree_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/gate-request unit/gate-look unit/firewall-address unit/firewall-lease
unit_gate_request_SOURCES = unit/gate-request.c
unit_gate_request_LDADD = ../core/libgate.la $(CMOCKA_LIBS)
unit_gate_look_SOURCES = unit/gate-look.c
unit_gate_look_LDADD = ../core/libgate.la $(JANSSON_LIBS) $(CMOCKA_LIBS)
unit_firewall_address_SOURCES = unit/firewall-address.c
unit_firewall_address_LDADD = ../core/libfirewall.la ../core/libbase.la $(CMOCKA_LIBS)
unit_firewall_lease_SOURCES = unit/firewall-lease.c
unit_firewall_lease_LDADD = ../core/libfirewall.la ../core/libbase.la $(EVENT_LIBS) $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/firewall-rules
unit_firewall_rules_SOURCES = unit/firewall-rules.c
unit_firewall_rules_LDADD = ../core/libfirewall.la ../core/libbase.la $(EVENT_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += unit/verdict unit/probe unit/callback
unit_verdict_SOURCES = unit/verdict.c
unit_verdict_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_probe_SOURCES = unit/probe.c
unit_probe_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
unit_callback_SOURCES = unit/callback.c
unit_callback_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/rollout unit/states unit/window
unit_states_SOURCES = unit/states.c
unit_states_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
unit_rollout_SOURCES = unit/rollout.c
unit_rollout_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
unit_window_SOURCES = unit/window.c
unit_window_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
check_PROGRAMS += unit/sign
unit_sign_SOURCES = unit/sign.c
unit_sign_LDADD = ../core/libsign.la ../core/libbase.la $(CMOCKA_LIBS)
check_PROGRAMS += unit/peer unit/range
unit_peer_SOURCES = unit/peer.c
unit_peer_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS) $(EVENT_LIBS)
unit_range_SOURCES = unit/range.c
unit_range_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/scrub
unit_scrub_SOURCES = unit/scrub.c
unit_scrub_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
check_PROGRAMS += unit/redact
unit_redact_SOURCES = unit/redact.c
unit_redact_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
check_PROGRAMS += unit/selector
unit_selector_SOURCES = unit/selector.c
unit_selector_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/addresses
unit_addresses_SOURCES = unit/addresses.c
unit_addresses_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/redfish-task
unit_redfish_task_SOURCES = unit/redfish-task.c ../sdk/lib/redfish-internal.h
unit_redfish_task_LDADD = ../sdk/lib/libredfish.la $(JANSSON_LIBS) $(CMOCKA_LIBS)
if SOURCE_ILO
check_PROGRAMS += unit/ilo-parse
endif
unit_ilo_parse_SOURCES = unit/ilo-parse.c ../sdk/lib/redfish-internal.h
nodist_unit_ilo_parse_SOURCES = ../plugins/ilo/items.c ../plugins/ilo/xmldata.c ../plugins/ilo/items.h \
  ../plugins/ilo/ilo.h
unit_ilo_parse_LDADD = ../sdk/lib/libredfish.la $(JANSSON_LIBS) $(XML_LIBS) $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/dialogue
unit_dialogue_SOURCES = unit/dialogue.c ../sdk/lib/dialogue-internal.h
unit_dialogue_LDADD = ../sdk/lib/libdialogue.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/xml-answer
unit_xml_answer_SOURCES = unit/xml-answer.c
unit_xml_answer_LDADD = ../sdk/lib/libxml.la $(XML_LIBS) $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/quirks
unit_quirks_SOURCES = unit/quirks.c
unit_quirks_LDADD = ../core/libworker.la $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
if SOURCE_OA
check_PROGRAMS += unit/oa-answer
endif
unit_oa_answer_SOURCES = unit/oa-answer.c
nodist_unit_oa_answer_SOURCES = ../plugins/oa/answer.c ../plugins/oa/enclosure.c ../plugins/oa/oa.h \
  ../plugins/oa/enclosure.h
unit_oa_answer_LDADD = ../sdk/lib/libxml.la $(XML_LIBS) $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
if SOURCE_ILO
check_PROGRAMS += unit/switch-parse
endif
unit_switch_parse_SOURCES = unit/switch-parse.c
nodist_unit_switch_parse_SOURCES = ../plugins/ilo/fc-text.c ../plugins/ilo/ribcl-text.c \
  ../plugins/ilo/vc-text.c ../plugins/ilo/fc.h ../plugins/ilo/ribcl.h ../plugins/ilo/vc.h
unit_switch_parse_LDADD = $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
if SOURCE_VMWARE
check_PROGRAMS += unit/vmware-answer
endif
unit_vmware_answer_SOURCES = unit/vmware-answer.c
nodist_unit_vmware_answer_SOURCES = ../plugins/vmware/answer.c ../plugins/vmware/answer.h
unit_vmware_answer_LDADD = ../sdk/lib/libxml.la $(XML_LIBS) $(CMOCKA_LIBS)
if SOURCE_VMWARE
check_PROGRAMS += unit/vmware-cim
endif
unit_vmware_cim_SOURCES = unit/vmware-cim.c
nodist_unit_vmware_cim_SOURCES = ../plugins/vmware/cim-answer.c ../plugins/vmware/cim-answer.h \
  ../plugins/vmware/answer.c
unit_vmware_cim_LDADD = ../sdk/lib/libxml.la $(XML_LIBS) $(CMOCKA_LIBS)
endif
if HAVE_CMOCKA
check_PROGRAMS += unit/smb
unit_smb_SOURCES = unit/smb.c
unit_smb_LDADD = ../core/libworker.la $(SSH2_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += unit/smb-patience
unit_smb_patience_SOURCES = unit/smb-patience.c
unit_smb_patience_LDADD = ../core/libworker.la $(SSH2_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += unit/record
unit_record_SOURCES = unit/record.c
unit_record_LDADD = ../sdk/testhost/libtesthost.la ../core/libworker.la $(SSH2_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += unit/buf
unit_buf_SOURCES = unit/buf.c
unit_buf_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
unit_buf_LDFLAGS = -Wl,--wrap=free -Wl,--wrap=realloc
endif
windows_sources = ../plugins/windows/activate.c ../plugins/windows/call.c ../plugins/windows/commands.c ../plugins/windows/files.c ../plugins/windows/inventory.c \
  ../plugins/windows/ndr.c ../plugins/windows/reboot.c ../plugins/windows/registry.c ../plugins/windows/remote.c \
  ../plugins/windows/run.c ../plugins/windows/services.c ../plugins/windows/smbios.c ../plugins/windows/software.c \
  ../plugins/windows/system.c ../plugins/windows/wmi.c ../plugins/windows/words.c
if HAVE_CMOCKA
if SOURCE_WINDOWS
check_PROGRAMS += unit/windows
endif
unit_windows_SOURCES = unit/windows.c
nodist_unit_windows_SOURCES = $(windows_sources)
unit_windows_LDADD = $(JANSSON_LIBS) $(CMOCKA_LIBS)
endif
