fettle_SOURCES += cli/main.c
