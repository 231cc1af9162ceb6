/* token.c - see token.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <limits.h>

#include "serve/token.h"
#include "util/secret.h"
#include "util/text.h"

static fettle_result
make (const char *path, char token[FETTLE_TOKEN_TEXT + 1], struct fettle_error *err)
{
  unsigned char bytes[(FETTLE_TOKEN_TEXT - 1) / 2];
  fettle_result r = fettle_random (bytes, sizeof bytes, err);

  if (r)
    return r;
  fettle_hex (bytes, sizeof bytes, token);
  fettle_wipe (bytes, sizeof bytes);
  token[FETTLE_TOKEN_TEXT - 1] = '\n';
  return fettle_secret_write (path, token, FETTLE_TOKEN_TEXT, err);
}

fettle_result
fettle_token_load (const char *state_dir, char ret_token[FETTLE_TOKEN_TEXT],
                   struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_SECRET (1024);
  char path[PATH_MAX], token[FETTLE_TOKEN_TEXT + 1] = "";
  fettle_result r;

  if ((size_t) snprintf (path, sizeof path, "%s/token", state_dir) >= sizeof path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the path %s is too long", state_dir);
  r = fettle_secret_read (path, &text, err);
  if (r == FETTLE_E_UNREACHABLE)
    r = make (path, token, err);
  else if (r == FETTLE_OK && text.size == FETTLE_TOKEN_TEXT
           && strspn (text.data, "0123456789abcdef") == FETTLE_TOKEN_TEXT - 1)
    memcpy (token, text.data, FETTLE_TOKEN_TEXT);
  else if (r == FETTLE_OK)
    r = fettle_error_set (err, FETTLE_E_CONFIG,
                          "%s is not a token of %d hex digits: remove it, and the next start makes "
                          "another", path, FETTLE_TOKEN_TEXT - 1);
  if (r)
    return r;
  token[FETTLE_TOKEN_TEXT - 1] = '\0';
  memcpy (ret_token, token, FETTLE_TOKEN_TEXT);
  fettle_wipe (token, sizeof token);
  return FETTLE_OK;
}
