dist_check_SCRIPTS += abi/examples.sh abi/frozen.sh abi/headers.sh abi/install.sh abi/manual.sh abi/plugin-check.sh abi/plugin-new.sh abi/plugins.sh
EXTRA_DIST += abi/frozen abi/offsets.py
EXTRA_DIST += abi/faulty.c abi/faulty-helper.h abi/newer.c abi/older.c abi/plain.c
if HAVE_CMOCKA
if TEST_PRELOAD
check_PROGRAMS += abi/preload
abi_preload_SOURCES = abi/preload.c
abi_preload_LDADD = ../core/libbase.la $(CMOCKA_LIBS)
abi_preload_LDFLAGS = $(AM_LDFLAGS) -static -dlpreopen ../plugins/linux/linux.la \
  -dlpreopen ../plugins/ilo/ilo.la
endif
endif

# The promise of fettle/plugin.h alone, for who changes a header.
check-abi: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS="abi/frozen.sh abi/headers.sh abi/plugins.sh abi/plugin-check.sh abi/manual.sh"
.PHONY: check-abi
