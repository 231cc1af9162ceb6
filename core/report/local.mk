libservice_la_SOURCES += \
  report/advice.c report/csv.c report/html.c report/junit.c report/markup.c report/markup.h report/page.c report/tables.c report/xml.c report/internal.h report/report.c report/report.h
libservice_la_SOURCES += report/sbom.c report/sbom.h
