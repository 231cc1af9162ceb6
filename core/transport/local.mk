libworker_la_SOURCES += \
  transport/agent.c transport/auth.c transport/connect.c transport/context.c transport/context.h \
  transport/fill.c transport/fill.h transport/greeting.c transport/hostkey.c transport/http.c transport/put.c transport/run.c transport/ssh.c \
  transport/ssh.h transport/stream.c transport/sudo.c transport/tls.c transport/tls.h transport/transport.c transport/transport.h
libworker_la_SOURCES += transport/serve.c
libworker_la_SOURCES += transport/shell.c
