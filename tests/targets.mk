# Not part of check: what takes long, each by its name.  HACKING.md says what each does.
EXTRA_DIST += packages/check-packages.sh packages/check-without-plugins.sh packages/preload.sh valgrind.supp

# Another build, with sanitizers: all tests, or ASAN_TESTS="unit/plan ...".
check-asan:
	$(MKDIR_P) $(top_builddir)/asan
	cd $(top_builddir)/asan && { test -f Makefile || $(abs_top_srcdir)/configure --enable-werror --enable-sanitizers CC='$(CC)'; } \
	  && $(MAKE) && $(MAKE) -C tests check $${ASAN_TESTS:+TESTS="$$ASAN_TESTS"}

# Programs of tests/unit.
VALGRIND = $(abs_top_builddir)/libtool --mode=execute valgrind -q --leak-check=full --error-exitcode=119
check-valgrind: $(check_PROGRAMS)
	TAP_UNDER='$(VALGRIND) --suppressions=$(abs_srcdir)/valgrind.supp' \
	  $(MAKE) check-TESTS TESTS='$(filter unit/%, $(check_PROGRAMS))'

# Figures: of the start, of downloads, of holes in firewalls; BENCHES="..." others of tests/bench.
BENCHES = start.sh serve.sh firewall.sh
bench: bench/serve-load integration/serve-listener bench/firewall
	for b in $(BENCHES); do echo "== $$b"; \
	  srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' $(top_builddir)/run bash $(srcdir)/bench/$$b || exit; done

# Packages, from the source's archive to a clean Debian root: an hour on a slow machine, root, and Debian's mirror.
check-packages:
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' bash $(srcdir)/packages/check-packages.sh

# Each plugin taken away in turn; PLUGINS="oa ilo": of these alone.
check-without-plugins:
	srcdir='$(abs_srcdir)' bash $(srcdir)/packages/check-without-plugins.sh $(PLUGINS)

.PHONY: check-asan check-valgrind bench check-packages check-without-plugins
