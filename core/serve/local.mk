libservice_la_SOURCES += serve/request.h
