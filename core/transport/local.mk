libworker_la_SOURCES += \
  transport/agent.c transport/auth.c transport/connect.c transport/context.c transport/context.h \
  transport/fill.c transport/fill.h transport/greeting.c transport/hostkey.c transport/http.c transport/put.c transport/run.c transport/ssh.c \
  transport/ssh.h transport/stream.c transport/sudo.c transport/tls.c transport/tls.h transport/transport.c transport/transport.h
libworker_la_SOURCES += transport/serve.c
libworker_la_SOURCES += transport/shell.c
# smb/1: of libcrypto alone, no library of Samba's.
libworker_la_SOURCES += \
  transport/smb-crypto.c transport/smb-crypto.h transport/smb-file.c transport/smb-link.c transport/smb-list.c transport/smb-login.c \
  transport/smb-message.c transport/smb-negotiate.c transport/smb-netbios.c transport/smb-ntlm.c transport/smb-ntlm.h \
  transport/smb-put.c transport/smb-rpc.c transport/smb-rpc-pdu.c transport/smb-rpc-pdu.h transport/smb-service.c \
  transport/smb-spnego.c transport/smb-spnego.h transport/smb-status.c transport/smb-tree.c transport/smb-wire.c \
  transport/smb-wire.h transport/smb.h
