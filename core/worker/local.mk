libworker_la_SOURCES += \
  worker/call.c worker/clean.c worker/host.c worker/record.c worker/record-serve.c \
  worker/record-smb.c worker/record.h worker/request.c worker/sandbox.c worker/worker.h
fettle_worker_SOURCES += worker/main.c
