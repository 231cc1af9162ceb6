# Fuzzers, each with a folder of inputs beside it.  Built with FUZZ_MAIN they
# are tests that read these and mutations of them for a second; for libFuzzer:
#   clang -fsanitize=fuzzer,address -Isdk/include tests/fuzz/NAME.c (and its sources)
check_PROGRAMS += fuzz/linux-inventory
fuzz_linux_inventory_SOURCES = fuzz/linux-inventory.c ../plugins/linux/parse.c ../plugins/linux/items.c \
  ../plugins/linux/fwupd.c ../plugins/linux/text.c
fuzz_linux_inventory_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_MAIN
fuzz_linux_inventory_LDADD = $(JANSSON_LIBS)
EXTRA_DIST += fuzz/linux-inventory/debian-vm fuzz/linux-inventory/rhel-server \
  fuzz/linux-inventory/devices fuzz/linux-inventory/hostile
