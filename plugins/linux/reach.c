/* reach.c - the way back: the node fetches a URL of ours with what it has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "linux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REACH_MS 60000

struct url {
  char scheme[8], host[80], port[8];
};

static int
is_of (const char *text, size_t n, const char *characters)
{
  return n > 0 && strspn (text, characters) >= n;
}

/* scheme://host:port/path, of characters that a shell takes as they are. */
static int
take_apart (const char *url, struct url *ret)
{
  const char *host = strstr (url, "://"), *end, *port;
  size_t n;

  if (!host || (size_t) (host - url) >= sizeof ret->scheme
      || !is_of (url, strlen (url), "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    ".:/[]-_"))
    return -1;
  snprintf (ret->scheme, sizeof ret->scheme, "%.*s", (int) (host - url), url);
  host += 3;
  end = host[0] == '[' ? strchr (host, ']') : strchr (host, ':');
  if (!end)
    return -1;
  port = end + (*end == ']') + 1;
  host += host[0] == '[';
  n = strcspn (port, "/");
  if (port[-1] != ':' || (size_t) (end - host) >= sizeof ret->host || n >= sizeof ret->port
      || !is_of (port, n, "0123456789") || !is_of (host, (size_t) (end - host), "0123456789abcdefABCDEF.:"))
    return -1;
  snprintf (ret->host, sizeof ret->host, "%.*s", (int) (end - host), host);
  snprintf (ret->port, sizeof ret->port, "%.*s", (int) n, port);
  return strcmp (ret->scheme, "http") == 0 || strcmp (ret->scheme, "https") == 0
         || strcmp (ret->scheme, "ftp") == 0 ? 0 : -1;
}

static fettle_result
said (const struct linux_call *c, const char *marker, const struct linux_answer *answer)
{
  const char *line = answer->out.data ? strstr (answer->out.data, marker) : NULL;
  char text[400], *notes;

  if (!line)
    return c->host->error (c->ctx, FETTLE_E_PROTOCOL, "the node didn't say whether it could fetch the URL");
  line += strlen (marker);
  text_clean (text, sizeof text, line, strcspn (line, "\n"));
  if (strncmp (text, "ok", 2) == 0 && (text[2] == ' ' || text[2] == '\0'))
    return FETTLE_OK;
  if (strncmp (text, "no-tool", 7) == 0)
    return c->host->error (c->ctx, FETTLE_E_SERVICE, "the node has none of python3, perl, curl, wget and bash"
                                                     " to fetch a URL with");
  notes = strchr (text, ' ');
  if (notes)
    *notes++ = '\0';
  return fettle_fail (c->host, c->ctx,
                      strcmp (text, "timed-out") == 0 ? FETTLE_E_TIMEOUT : FETTLE_E_UNREACHABLE,
                      "%s: the node's attempt (%s)", text, notes ? notes : "");
}

fettle_result
linux_reach_back (const struct fettle_host *host, fettle_ctx *ctx, const struct fettle_target *target,
                  const char *url)
{
  struct linux_call call;
  struct linux_answer answer = { .out.max = 16 * 1024 };
  struct text script = { .max = 64 * 1024 };
  char marker[64] = "@fettle-", head[400];
  struct url u;
  fettle_result result = linux_call_init (&call, host, ctx, target);

  if (result != FETTLE_OK)
    return result;
  if (take_apart (url, &u) != 0)
    return host->error (ctx, FETTLE_E_CONFIG, "this isn't a URL that a node can be given");
  if (text_random (marker + strlen (marker)) != 0)
    return host->error (ctx, FETTLE_E_INTERNAL, "no random numbers from the system");
  snprintf (head, sizeof head, "S=%s H=%s P=%s U='%.200s' M=%s\n", u.scheme, u.host, u.port, url, marker);
  if (text_puts (&script, head) != 0 || text_puts (&script, linux_reach_sh) != 0)
    result = host->error (ctx, FETTLE_E_NOMEM, "no memory");
  else
    result = linux_run (&call, script.data, 0, REACH_MS, &answer);
  if (result == FETTLE_OK)
    result = said (&call, marker, &answer);
  text_clear (&script);
  linux_answer_clear (&answer);
  return result;
}
