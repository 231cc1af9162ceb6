libbase_la_SOURCES += \
  util/banned.h util/base.h util/compat.h \
  util/buf.c util/buf.h \
  util/clock.c util/clock.h \
  util/error.c util/error.h \
  util/file.c util/file.h \
  util/landlock.c util/landlock.h \
  util/libcurl.c util/libcurl.h \
  util/log.c util/log.h \
  util/nearest.c util/nearest.h \
  util/redact.c util/redact.h util/said.h \
  util/scrub.c util/scrub.h \
  util/secret.c util/secret.h \
  util/settings.c util/settings.h \
  util/spawn.c util/spawn.h \
  util/text.c util/text.h \
  util/trusted.c util/trusted.h \
  util/zone.c util/zone.h
