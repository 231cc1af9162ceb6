libservice_la_SOURCES += \
  serve/access.c serve/access.h \
  serve/callback.c serve/callback.h serve/conn.c serve/conn.h serve/exchange.h serve/guard.c serve/guard.h serve/listen.c \
  serve/listen.h serve/offer.c serve/offer.h serve/offer-tree.c serve/owner.c serve/reply.c serve/request.h serve/role.c serve/role.h serve/route.c serve/route.h \
  serve/server.c serve/server.h serve/stream.c serve/tls.c serve/tls.h serve/token.c serve/token.h
libservice_la_SOURCES += serve/ftp.c serve/ftp.h serve/ftp-command.c serve/ftp-command.h serve/ftp-data.c \
  serve/ftp-internal.h serve/ftp-session.c
# What nodes may ask for.
libservice_la_SOURCES += \
  serve/door.c serve/door.h serve/head.c serve/head.h serve/http-status.c \
  serve/http-status.h serve/peer.c serve/peer.h serve/peer-get.c serve/peer-internal.h serve/peer-request.c serve/quota.c \
  serve/quota.h serve/range.c serve/range.h serve/status-body.c serve/status-body.h
