libbase_la_SOURCES +=
