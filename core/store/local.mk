libservice_la_SOURCES += store/schema.h store/store.c store/store.h
libservice_la_SOURCES += store/audit.c store/audit.h
libservice_la_SOURCES += store/backup.c store/backup.h
libservice_la_SOURCES += store/seal.c store/seal.h
libservice_la_SOURCES += store/syslog.c store/syslog.h
