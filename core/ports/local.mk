libbase_la_SOURCES += ports/flows.c ports/ports.h ports/rules.c ports/table.c
