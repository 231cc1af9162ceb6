/* kinds.h - what a file of a baseline is, as far as its name tells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_KINDS_H
#define FETTLE_KINDS_H

enum fettle_file_kind {
  FETTLE_FILE_DEB,
  FETTLE_FILE_RPM,
  FETTLE_FILE_FWPKG,
  FETTLE_FILE_CAB,
  FETTLE_FILE_VIB,
  FETTLE_FILE_SCEXE,
  FETTLE_FILE_PLIST,   /* release.plist: its folder is the component */
  FETTLE_FILE_ARCHIVE, /* has files in it, or is told what it is itself */
  FETTLE_FILE_JSON,    /* may describe others, else it is papers */
  FETTLE_FILE_XML,     /* likewise; also when it is compressed */
  FETTLE_FILE_SIDE,    /* NAME.component.cfg */
  FETTLE_FILE_OTHER,   /* needs a side file, or a description elsewhere */
  FETTLE_FILE_PAPERS   /* documentation, metadata: of no concern without one */
};

/* Of a relative path; its last part and its folder count. */
enum fettle_file_kind fettle_file_kind (const char *path);

#endif
