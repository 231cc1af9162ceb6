libsign_la_SOURCES += \
  sign/key.c sign/key.h sign/cms.c sign/cms.h sign/cms-strict.c sign/cms-strict.h sign/paper.c sign/paper.h sign/root.c sign/root.h \
  sign/statement.c sign/statement.h sign/trust.c sign/trust.h
