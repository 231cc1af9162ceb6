libworker_la_SOURCES += \
  worker/call.c worker/clean.c worker/host.c worker/record.c worker/request.c worker/sandbox.c worker/worker.h
fettle_worker_SOURCES += worker/main.c
