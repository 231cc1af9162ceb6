libservice_la_SOURCES += check/arrivals.c check/arrivals.h check/counters.c check/counters.h \
  check/probe.c check/probe.h check/say.h check/verdict.c check/verdict.h check/way-back.c
