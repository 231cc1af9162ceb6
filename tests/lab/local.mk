# Real nodes for tests and for scripts/quickstart: see lab.sh.
EXTRA_DIST += lab/lab.sh lab/calls.sh lab/README.md

# One operation by the real worker, for scripts.
EXTRA_PROGRAMS = lab/call
lab_call_SOURCES = lab/call.c
lab_call_LDADD = ../core/libservice.la ../core/libbase.la
check_DATA += lab/call$(EXEEXT)
CLEANFILES += lab/call$(EXEEXT)
