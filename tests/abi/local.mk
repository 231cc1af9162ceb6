dist_check_SCRIPTS += abi/examples.sh abi/headers.sh abi/install.sh abi/manual.sh abi/plugin-check.sh abi/plugin-new.sh abi/plugins.sh
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
