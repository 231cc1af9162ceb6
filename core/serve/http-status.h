/* http-status.h - what HTTP's numbers are called.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_HTTP_STATUS_H
#define FETTLE_HTTP_STATUS_H

/* "Not Found" for 404. */
const char *fettle_status_text (int status);

/* The name of our result that goes with it: "unreachable" for 404. */
const char *fettle_status_code (int status);

#endif
