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
# Downloads and posts.
noinst_PROGRAMS += bench/serve-load integration/serve-listener
bench_serve_load_SOURCES = bench/serve-load.c
bench_serve_load_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)
integration_serve_listener_SOURCES = integration/serve-listener.c
integration_serve_listener_LDADD = ../core/libservice.la ../core/libbase.la $(EVENT_LIBS) $(SSL_LIBS)
EXTRA_DIST += bench/serve.sh
EXTRA_DIST += bench/redfish
