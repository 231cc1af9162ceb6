fettled_SOURCES += service/main.c
