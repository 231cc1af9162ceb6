libservice_la_SOURCES +=
