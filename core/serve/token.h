/* token.h - the bearer token: who can read STATE/token may do everything.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_TOKEN_H
#define FETTLE_TOKEN_H

#include "util/error.h"

#define FETTLE_TOKEN_TEXT 65 /* 256 bits as hex digits, and NUL */

/* Reads the token of that state folder, or makes one (mode 0600). */
fettle_result fettle_token_load (const char *state_dir, char ret_token[FETTLE_TOKEN_TEXT],
                                 struct fettle_error *);

#endif
