libbase_la_SOURCES += ports/ports.h
