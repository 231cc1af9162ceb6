fettled_SOURCES += \
  service/about.c service/about.h \
  service/main.c service/options.c service/options.h service/process.c service/process.h \
  service/service.c service/service.h service/systemd.c service/systemd.h

# The API's document is part of the program.
nodist_fettled_SOURCES = service/openapi.h
BUILT_SOURCES = service/openapi.h
CLEANFILES = service/openapi.h
service/openapi.h: $(top_srcdir)/docs/openapi.json
	$(AM_V_GEN)$(MKDIR_P) service && { echo 'static const char fettle_openapi[] ='; \
	  $(SED) 's/[\\"]/\\&/g; s/.*/"&\\n"/' $(top_srcdir)/docs/openapi.json; echo ';'; } >$@
