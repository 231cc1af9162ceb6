EXTRA_DIST += bench/start.sh
EXTRA_DIST += bench/inventory-ssh
# Holes for many nodes.
noinst_PROGRAMS += bench/firewall
bench_firewall_SOURCES = bench/firewall.c
bench_firewall_LDADD = ../core/libfirewall.la ../core/libbase.la $(EVENT_LIBS)
EXTRA_DIST += bench/firewall.sh
EXTRA_DIST += bench/fleet
EXTRA_DIST += bench/fleet-crash
EXTRA_DIST += bench/bundle.sh
