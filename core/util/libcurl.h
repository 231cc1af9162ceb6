/* libcurl.h - libcurl, loaded when it is first needed.
 *
 * It brings thirty other libraries with it, which take longer to load than
 * all of `fettle ports`: who doesn't speak HTTP does without.
 * The functions are members here: libcurl.easy_init () for curl_easy_init ().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_LIBCURL_H
#define FETTLE_LIBCURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo

#include "util/error.h"

#define FETTLE_LIBCURL_FUNCTIONS(F)                                                             \
  F (global_init) F (slist_append) F (slist_free_all)                                           \
  F (easy_init) F (easy_cleanup) F (easy_setopt) F (easy_getinfo) F (easy_reset)                \
  F (easy_perform) F (easy_strerror) F (mime_init) F (mime_free) F (mime_addpart) F (mime_name) F (mime_type)     \
  F (mime_filename) F (mime_data_cb)                                                            \
  F (multi_init) F (multi_cleanup) F (multi_add_handle) F (multi_remove_handle)                 \
  F (multi_perform) F (multi_poll) F (multi_info_read)

struct fettle_libcurl {
#define FETTLE_MEMBER(name) __typeof__ (curl_##name) *name;
  FETTLE_LIBCURL_FUNCTIONS (FETTLE_MEMBER)
#undef FETTLE_MEMBER
};

/* Valid after fettle_libcurl_load has succeeded once. */
extern struct fettle_libcurl libcurl;
fettle_result fettle_libcurl_load (struct fettle_error *);

#endif
