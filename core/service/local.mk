fettled_SOURCES += \
  service/main.c service/options.c service/options.h service/process.c service/process.h \
  service/service.c service/service.h
