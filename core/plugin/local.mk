libbase_la_SOURCES += plugin/load.h plugin/wire.c plugin/wire.h
libservice_la_SOURCES += plugin/pool.h
