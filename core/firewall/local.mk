libfirewall_la_SOURCES += firewall/address.c firewall/address.h firewall/backends.h \
  firewall/firewall.c firewall/firewall.h firewall/gate-client.c firewall/gate-client.h \
  firewall/gate-keeper.c firewall/gate-keeper.h \
  firewall/gate-program.c firewall/gate-program.h firewall/gate-protocol.h \
  firewall/hole-table.c firewall/hole-table.h firewall/lease.c firewall/lease.h \
  firewall/lease-apply.c firewall/lease-internal.h firewall/lease-status.c \
  firewall/nftables.c firewall/none.c
libfirewall_la_SOURCES += firewall/known-rules.c firewall/known-rules.h firewall/route.c firewall/route.h firewall/rule-queue.c firewall/rule-queue-internal.h firewall/rule-steps.c \
  firewall/rule-queue.h
libfirewall_la_SOURCES += firewall/child.c firewall/child.h firewall/inner.c firewall/inner.h \
  firewall/iptables.c firewall/ufw.c firewall/windows.c
libfirewall_la_SOURCES += firewall/export.c firewall/export.h firewall/export-internal.h \
  firewall/export-linux.c firewall/export-others.c firewall/ranges.c firewall/ranges.h \
  firewall/windows-text.c firewall/windows-text.h
libfirewall_la_LIBADD = $(EVENT_LIBS)
if WITH_SYSTEMD
libfirewall_la_SOURCES += firewall/bus.c firewall/bus.h firewall/firewalld.c firewall/firewalld.h \
  firewall/firewalld-rules.c firewall/firewalld-watch.c firewall/zones.c \
  firewall/zones.h
libfirewall_la_LIBADD += $(SYSTEMD_LIBS)
endif
