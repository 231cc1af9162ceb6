if HAVE_CMOCKA
check_PROGRAMS += unit/seal
unit_seal_SOURCES = unit/seal.c
unit_seal_LDADD = ../core/libservice.la ../core/libbase.la $(CMOCKA_LIBS)
endif
