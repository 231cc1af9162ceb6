# One a line, so that two who add one don't meet.
dist_check_SCRIPTS += integration/cli-manual.sh
dist_check_SCRIPTS += integration/cli-usage.sh
dist_check_SCRIPTS += integration/scan.sh
dist_check_SCRIPTS += integration/baseline-fetch.sh
dist_check_SCRIPTS += integration/scan-again.sh
dist_check_SCRIPTS += integration/formats.sh
dist_check_SCRIPTS += integration/baseline-archive.sh
dist_check_SCRIPTS += integration/readme.sh
dist_check_SCRIPTS += integration/dist.sh
dist_check_SCRIPTS += integration/docs.sh integration/docs-examples.sh
dist_check_SCRIPTS += integration/docs-run.sh
dist_check_SCRIPTS += integration/docs-api.sh
EXTRA_DIST += integration/docs-api.py
EXTRA_DIST += integration/examples.py
dist_check_SCRIPTS += integration/manual-ports.sh
dist_check_SCRIPTS += integration/packaging.sh integration/ports.sh
dist_check_SCRIPTS += integration/firewall-plan.sh
dist_check_SCRIPTS += integration/cli-client.sh
dist_check_SCRIPTS += integration/main-job.sh
dist_check_SCRIPTS += integration/node-firewall.sh
EXTRA_DIST += integration/cli-standin.py
dist_check_SCRIPTS += integration/cli-service.sh
EXTRA_DIST += integration/service-lib.sh
dist_check_SCRIPTS += integration/service.sh
dist_check_SCRIPTS += integration/linux-inventory.sh
dist_check_SCRIPTS += integration/linux-deploy.sh
dist_check_SCRIPTS += integration/worker-http.sh
EXTRA_DIST += sim/rude-http.py
EXTRA_DIST += sim/post-status.py
dist_check_SCRIPTS += integration/ilo-inventory.sh
dist_check_SCRIPTS += integration/ilo-ribcl.sh
dist_check_SCRIPTS += integration/interconnects.sh
dist_check_SCRIPTS += integration/ilo-old-deploy.sh
EXTRA_DIST += sim/fos.py sim/fos-rest.py
EXTRA_DIST += sim/ribcl.py
EXTRA_DIST += integration/ilo-captures.txt
EXTRA_DIST += sim/oa/__main__.py sim/oa/enclosure.py sim/oa/cli.py integration/oa-lib.sh
dist_check_SCRIPTS += integration/bmc-update.sh
dist_check_SCRIPTS += integration/bmc-crash.sh
dist_check_SCRIPTS += integration/bmc-redfish.sh
dist_check_SCRIPTS += integration/bmc-faults.sh
dist_check_SCRIPTS += integration/bmc-negative.sh
dist_check_SCRIPTS += integration/bmc-net.sh
EXTRA_DIST += integration/bmc-lib.sh
dist_check_SCRIPTS += integration/oa-inventory.sh integration/oa-deploy.sh integration/oa-enclosure.sh
EXTRA_DIST += sim/bmc/__main__.py sim/bmc/image.py sim/bmc/machine.py sim/bmc/people.py
dist_check_SCRIPTS += integration/worker-ssh.sh
EXTRA_DIST += integration/sshd.sh
dist_check_SCRIPTS += integration/cli-completion.sh
dist_check_SCRIPTS += integration/service-https.sh
dist_check_SCRIPTS += integration/linux-faults.sh
dist_check_SCRIPTS += integration/linux-cut.sh
dist_check_SCRIPTS += integration/service-calls.sh
# Leases from the command line.
noinst_PROGRAMS += integration/gate-holes
integration_gate_holes_SOURCES = integration/gate-holes.c
integration_gate_holes_LDADD = ../core/libfirewall.la ../core/libbase.la $(EVENT_LIBS)
dist_check_SCRIPTS += integration/gate.sh integration/gate-crash.sh
EXTRA_DIST += integration/gate-net.sh integration/gate-probe.py
noinst_PROGRAMS += integration/firewall-backend
integration_firewall_backend_SOURCES = integration/firewall-backend.c
integration_firewall_backend_LDADD = ../core/libfirewall.la ../core/libbase.la $(EVENT_LIBS)
integration_firewall_backend_CPPFLAGS = $(AM_CPPFLAGS) -DFETTLE_LIBEXECDIR='"$(abs_top_builddir)/core"'
dist_check_SCRIPTS += integration/firewall-firewalld.sh
EXTRA_DIST += integration/firewall-lib.sh
dist_check_SCRIPTS += integration/firewall-iptables.sh
dist_check_SCRIPTS += integration/linux-firewall.sh
dist_check_SCRIPTS += integration/firewall-export.sh
dist_check_SCRIPTS += integration/check-deploy.sh integration/check-ipv6.sh integration/check.sh
EXTRA_DIST += integration/check-lib.sh
dist_check_SCRIPTS += integration/firewall-ufw.sh
dist_check_SCRIPTS += integration/firewall-jobs.sh integration/firewall-midway.sh integration/firewall-service.sh
dist_check_SCRIPTS += integration/check-gate.sh
dist_check_SCRIPTS += integration/linux-reach.sh
EXTRA_DIST += integration/fleet-lib.sh
dist_check_SCRIPTS += integration/fleet.sh
dist_check_SCRIPTS += integration/fleet-crash.sh
EXTRA_DIST += integration/rollout-lib.sh
dist_check_SCRIPTS += integration/rollout.sh
dist_check_SCRIPTS += integration/rollout-when.sh
dist_check_SCRIPTS += integration/restore.sh
dist_check_SCRIPTS += integration/secrets.sh
dist_check_SCRIPTS += integration/credentials.sh
dist_check_SCRIPTS += integration/report.sh
dist_check_SCRIPTS += integration/probes.sh
dist_check_SCRIPTS += integration/rollout-stop.sh integration/selectors.sh
dist_check_SCRIPTS += integration/rollout-guards.sh
dist_check_SCRIPTS += integration/store-trouble.sh
noinst_PROGRAMS += integration/ftp-listener
integration_ftp_listener_SOURCES = integration/ftp-listener.c
integration_ftp_listener_LDADD = ../core/libservice.la ../core/libbase.la
dist_check_SCRIPTS += integration/ftp.sh integration/ftp-hostile.sh
EXTRA_DIST += integration/ftp-lib.sh integration/ftp-hostile.py
dist_check_SCRIPTS += integration/ftp-service.sh
dist_check_SCRIPTS += integration/audit.sh
dist_check_SCRIPTS += integration/groups.sh
dist_check_SCRIPTS += integration/vendor.sh
dist_check_SCRIPTS += integration/baseline-sign.sh
dist_check_SCRIPTS += integration/api.sh
EXTRA_DIST += integration/api-check.py integration/report-check.py
dist_check_SCRIPTS += integration/node-lists.sh
dist_check_SCRIPTS += integration/discover.sh
dist_check_SCRIPTS += integration/baseline-verbs.sh
dist_check_SCRIPTS += integration/api-access.sh
dist_check_SCRIPTS += integration/api-events.sh
dist_check_SCRIPTS += integration/serve-deploy.sh
dist_check_SCRIPTS += integration/systemd.sh
EXTRA_DIST += integration/smartupdate-lib.sh
dist_check_SCRIPTS += integration/smartupdate.sh
dist_check_SCRIPTS += integration/smartupdate-table.sh
EXTRA_DIST += integration/serve-lib.sh
dist_check_SCRIPTS += integration/serve-clients.sh integration/serve-crash.sh integration/serve-hostile.sh
dist_check_SCRIPTS += integration/serve-ports.sh
dist_check_SCRIPTS += integration/serve-http11.sh
EXTRA_DIST += sim/http11.py
EXTRA_DIST += sim/cli.py integration/cli-lib.sh
dist_check_SCRIPTS += integration/dialogue.sh
EXTRA_DIST += sim/talk.py
dist_check_SCRIPTS += integration/udf.sh
dist_check_SCRIPTS += integration/real.sh
dist_check_SCRIPTS += integration/smartupdate-ilo.sh
EXTRA_DIST += sim/udf-image.py
dist_check_SCRIPTS += integration/superdome-x.sh
EXTRA_DIST += sim/sdx.py
dist_check_SCRIPTS += integration/vmware-inventory.sh
dist_check_SCRIPTS += integration/vmware-deploy.sh
dist_check_SCRIPTS += integration/vmware-firewall.sh
EXTRA_DIST += sim/esx.py integration/esx-lib.sh
dist_check_SCRIPTS += integration/vmware-cim.sh
EXTRA_DIST += sim/cim.py
# A host over Debian's govmomi simulator.
dist_check_SCRIPTS += integration/vmware-govmomi.sh integration/vmware-net.sh
EXTRA_DIST += sim/esxsim integration/esxsim-lib.sh
dist_check_SCRIPTS += integration/superdome-pull.sh
EXTRA_DIST += integration/superdome-lib.sh
dist_check_SCRIPTS += integration/superdome-flex.sh
EXTRA_DIST += sim/rmc.py
EXTRA_DIST += integration/windows-lib.sh sim/windows/pipes.py sim/windows/impacket-check.py sim/windows/registry.py sim/windows/system.reg sim/windows/node.c sim/windows/installer.c sim/windows/powershell.c
EXTRA_DIST += sim/windows/hostile.py
dist_check_SCRIPTS += integration/windows-peer.sh integration/windows-hostile.sh integration/windows-cut.sh integration/windows-service.sh
dist_check_SCRIPTS += integration/worker-smb.sh
# What runs under Wine.
CLEANFILES += sim/windows/node.exe sim/windows/installer.exe sim/windows/powershell.exe
if WITH_MINGW
check_DATA += sim/windows/node.exe sim/windows/installer.exe sim/windows/powershell.exe
endif
sim/windows/node.exe sim/windows/installer.exe sim/windows/powershell.exe: %.exe: %.c
	$(AM_V_CC)$(MKDIR_P) sim/windows && $(MINGW_CC) $(MINGW_CFLAGS) -o $@ $< -lws2_32 -ladvapi32
# Not part of check: many minutes; best in a build with --enable-sanitizers.
check-hostile: all plugins/call plugins/smbtalk.la $(check_DATA)
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' HOSTILE_CALLS=$${HOSTILE_CALLS-2000} HOSTILE_SEED=$${HOSTILE_SEED-$$(date +%s)} \
	  $(top_builddir)/run bash $(srcdir)/integration/windows-hostile.sh
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' CUT_EVERY=1 $(top_builddir)/run bash $(srcdir)/integration/windows-cut.sh
.PHONY: check-hostile
dist_check_SCRIPTS += integration/windows-inventory.sh integration/windows-deploy.sh integration/windows-firewall.sh
