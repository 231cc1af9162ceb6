libscan_la_SOURCES += \
  baseline/about.c baseline/about.h baseline/brocade.c baseline/cab.c baseline/cache.c baseline/cache.h baseline/compose.c baseline/compose.h \
  baseline/dell.c baseline/documents.c baseline/formats.h baseline/fwpkg.c baseline/hpe.c baseline/hpe-xml.c \
  baseline/lenovo.c baseline/metainfo.c baseline/scexe.c baseline/vib.c baseline/xml.c baseline/xml.h \
  baseline/container.c baseline/container.h baseline/gather.c baseline/gather.h \
  baseline/progress.c baseline/progress.h baseline/record.c baseline/record.h \
  baseline/confine.c baseline/confine.h baseline/deb.c baseline/deb.h \
  baseline/describe.c baseline/describe.h baseline/deb-control.c baseline/deb-control.h baseline/expand.c baseline/expand.h \
  baseline/hasher.c baseline/hasher.h baseline/kinds.c baseline/kinds.h \
  baseline/vendor.c baseline/vendor.h baseline/jcat.c baseline/jcat.h baseline/pgp.c baseline/pgp.h baseline/papers.c baseline/papers.h baseline/rpm.c baseline/rpm.h baseline/scan.c baseline/scan.h baseline/side.c baseline/side.h \
  baseline/source.c baseline/source.h baseline/tree.c baseline/tree.h baseline/udf.c baseline/udf.h baseline/unpack.c baseline/unpack.h baseline/walk.c baseline/walk.h
fettle_scan_SOURCES += baseline/main.c
# Fetches baselines; what it parses is a list of names.
fettle_fetch_SOURCES = baseline/fetch-main.c baseline/fetch.c baseline/fetch.h baseline/fetch-list.c baseline/fetch-list.h
