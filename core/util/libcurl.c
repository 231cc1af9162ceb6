/* libcurl.c - see libcurl.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <dlfcn.h>

#include "util/libcurl.h"

/* The ABI's name, unchanged since 2006. */
#define NAME "libcurl.so.4"

struct fettle_libcurl libcurl;

static const struct {
  const char *symbol;
  size_t offset;
} functions[] = {
#define ROW(name) { "curl_" #name, offsetof (struct fettle_libcurl, name) },
  FETTLE_LIBCURL_FUNCTIONS (ROW)
#undef ROW
};

fettle_result
fettle_libcurl_load (struct fettle_error *err)
{
  struct fettle_libcurl loaded;
  void *module;

  if (libcurl.global_init)
    return FETTLE_OK;
  module = dlopen (NAME, RTLD_NOW | RTLD_LOCAL);
  if (!module)
    return fettle_error_set (err, FETTLE_E_SERVICE, "loading libcurl: %s", dlerror ());
  for (size_t i = 0; i < COUNT (functions); i++) {
    void *function = dlsym (module, functions[i].symbol);

    if (!function) {
      dlclose (module);
      return fettle_error_set (err, FETTLE_E_SERVICE, "%s is too old: it has no %s", NAME,
                               functions[i].symbol);
    }
    memcpy ((char *) &loaded + functions[i].offset, &function, sizeof function);
  }
  if (loaded.global_init (CURL_GLOBAL_DEFAULT))
    return fettle_error_set (err, FETTLE_E_SERVICE, "libcurl can't begin its work");
  libcurl = loaded; /* for good: it is never unloaded */
  return FETTLE_OK;
}
