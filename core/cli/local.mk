fettle_SOURCES += cli/cli.h cli/commands.c cli/help.c cli/main.c cli/output.c \
  cli/parse.c cli/parse.h
