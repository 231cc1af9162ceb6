/* kinds.h - what a file of a baseline is, as far as its name tells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_KINDS_H
#define FETTLE_KINDS_H

enum fettle_file_kind {
  FETTLE_FILE_DEB,
  FETTLE_FILE_RPM,
  FETTLE_FILE_SIDE,  /* NAME.component.cfg */
  FETTLE_FILE_OTHER, /* needs a side file */
  FETTLE_FILE_PAPERS /* documentation, metadata: of no concern without one */
};

/* Of a relative path; its last part and its folder count. */
enum fettle_file_kind fettle_file_kind (const char *path);

#endif
