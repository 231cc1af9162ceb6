# fettle-gate takes nothing from the rest of the core: see gate/base.h.  What
# needs no libnftables is a library, for tests.
noinst_LTLIBRARIES += libgate.la
libgate_la_SOURCES = gate/base.h gate/request.c gate/request.h gate/elements.c gate/elements.h \
  gate/look.c gate/look.h firewall/gate-protocol.h
libgate_la_LIBADD = $(JANSSON_LIBS)
if WITH_GATE
pkglibexec_PROGRAMS += fettle-gate
endif
fettle_gate_SOURCES = gate/main.c gate/confine.c gate/confine.h gate/nft.c gate/nft.h gate/serve.c \
  gate/serve.h gate/setup.c gate/setup.h gate/table.c gate/table.h
fettle_gate_CPPFLAGS = $(AM_CPPFLAGS) $(NFTABLES_CFLAGS) $(SECCOMP_CFLAGS)
fettle_gate_LDADD = libgate.la $(NFTABLES_LIBS) $(SECCOMP_LIBS)
