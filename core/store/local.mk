libservice_la_SOURCES += store/schema.h store/store.c store/store.h
