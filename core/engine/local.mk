libservice_la_SOURCES += engine/engine.h
