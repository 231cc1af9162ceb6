# One a line, so that two who add one don't meet.
dist_check_SCRIPTS += integration/cli-manual.sh
dist_check_SCRIPTS += integration/cli-usage.sh
dist_check_SCRIPTS += integration/scan.sh
dist_check_SCRIPTS += integration/readme.sh
dist_check_SCRIPTS += integration/dist.sh
dist_check_SCRIPTS += integration/docs.sh
dist_check_SCRIPTS += integration/manual-ports.sh
dist_check_SCRIPTS += integration/ports.sh
dist_check_SCRIPTS += integration/cli-client.sh
dist_check_SCRIPTS += integration/main-job.sh
EXTRA_DIST += integration/cli-standin.py
dist_check_SCRIPTS += integration/cli-service.sh
EXTRA_DIST += integration/service-lib.sh
dist_check_SCRIPTS += integration/service.sh
dist_check_SCRIPTS += integration/linux-inventory.sh
dist_check_SCRIPTS += integration/linux-deploy.sh
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
dist_check_SCRIPTS += integration/linux-firewall.sh
dist_check_SCRIPTS += integration/firewall-export.sh
