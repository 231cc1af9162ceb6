# Plugins for tests: modules as those of plugins/, but not installed.
PLUGIN_TEST_LDFLAGS = -module -avoid-version -no-undefined -rpath /nowhere -shared $(HARDEN_LDFLAGS)
check_LTLIBRARIES += plugins/mischief.la plugins/errand.la plugins/stuck.la plugins/fetch.la
plugins_mischief_la_SOURCES = plugins/mischief.c
plugins_mischief_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)
plugins_errand_la_SOURCES = plugins/errand.c
plugins_errand_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)
plugins_fetch_la_SOURCES = plugins/fetch.c
plugins_fetch_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)
plugins_stuck_la_SOURCES = plugins/stuck.c
plugins_stuck_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)

# With the linux plugin's scripts, which its build makes.
if BUILD_LINUX
check_LTLIBRARIES += plugins/backcall.la
endif
plugins_backcall_la_SOURCES = plugins/backcall.c
nodist_plugins_backcall_la_SOURCES = ../plugins/linux/reach.c ../plugins/linux/run.c ../plugins/linux/text.c ../plugins/linux/linux.h ../plugins/linux/text.h \
  ../plugins/linux/scripts.c
plugins_backcall_la_CFLAGS = $(AM_CFLAGS)
plugins_backcall_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)

# Makes calls from the command line, for test scripts.
noinst_PROGRAMS += plugins/call
plugins_call_SOURCES = plugins/call.c
plugins_call_LDADD = ../core/libservice.la ../core/libbase.la

# An emulated fleet: its plugin, and the program that asks its hardware.
check_LTLIBRARIES += plugins/sim.la
plugins_sim_la_SOURCES = plugins/sim.c plugins/sim.h
plugins_sim_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)
noinst_PROGRAMS += plugins/sim-fleet
plugins_sim_fleet_SOURCES = plugins/sim-fleet.c plugins/sim.h
plugins_sim_fleet_LDADD = ../core/libbase.la

check_LTLIBRARIES += plugins/puller.la
plugins_puller_la_SOURCES = plugins/puller.c
plugins_puller_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)
check_LTLIBRARIES += plugins/talker.la
plugins_talker_la_SOURCES = plugins/talker.c
plugins_talker_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)
plugins_talker_la_LIBADD = ../sdk/lib/libdialogue.la

# Talks smb/1.
check_LTLIBRARIES += plugins/smbtalk.la
plugins_smbtalk_la_SOURCES = plugins/smbtalk.c
plugins_smbtalk_la_LDFLAGS = $(PLUGIN_TEST_LDFLAGS)
