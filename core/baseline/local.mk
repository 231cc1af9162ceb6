fettle_scan_SOURCES += baseline/main.c
