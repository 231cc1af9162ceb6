fettle_worker_SOURCES += worker/main.c
