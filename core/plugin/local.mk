libbase_la_SOURCES += \
  plugin/bridge.c plugin/bridge.h plugin/bridge-calls.c plugin/bridge-json.c plugin/bridge-json.h plugin/bridge-smb.c plugin/load.c plugin/load.h \
  plugin/manifest.c plugin/manifest.h plugin/packages.c plugin/packages.h plugin/program.c plugin/program.h plugin/validate.c \
  plugin/quirks.c plugin/quirks.h plugin/wire.c plugin/wire.h
libservice_la_SOURCES += plugin/pool.c plugin/pool.h plugin/pool-call.c plugin/pool-internal.h plugin/said.c plugin/said.h plugin/zygote.c plugin/zygote.h
