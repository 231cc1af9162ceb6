/* fc-source.c - where a switch fetches its firmware from: the file server of its
 * setting firmware_source, or our own FTP, which offers the release's folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include <fettle/util.h>

#include "fc.h"

static int
is_plain (const char *text)
{
  return text[0]
         && strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+~/:@[]-") == strlen (text);
}

/* Digits alone, up to the end. */
static int
take_port (const char *text, size_t size, unsigned *ret)
{
  unsigned n = 0;
  size_t i;

  for (i = 0; i < size && i < 5 && text[i] >= '0' && text[i] <= '9'; i++)
    n = 10 * n + (unsigned) (text[i] - '0');
  *ret = n;
  return i == size && n > 0 && n <= 65535;
}

/* "HOST", "HOST:PORT", "[HOST]:PORT", "[HOST]", or an IPv6 address as it is. */
static int
take_host (const char *text, size_t size, struct fc_source *s)
{
  const char *end = text + size, *colon = memchr (text, ':', size), *close = memchr (text, ']', size);
  size_t n = size;

  if (*text == '[') {
    if (!close || (close + 1 < end && close[1] != ':'))
      return 0;
    colon = close + 1 < end ? close + 1 : NULL;
    text++;
    n = (size_t) (close - text);
  } else if (colon && !memchr (colon + 1, ':', (size_t) (end - colon) - 1))
    n = (size_t) (colon - text);
  else
    colon = NULL;
  if (n == 0 || n >= sizeof s->host)
    return 0;
  memcpy (s->host, text, n);
  s->host[n] = '\0';
  return !strpbrk (s->host, "[]@") && (!colon || take_port (colon + 1, (size_t) (end - colon) - 1, &s->port));
}

int
fc_split (const char *text, struct fc_source *s)
{
  static const char *const numbers[] = { "ftp", "2", "scp", "3", "sftp", "4" };
  const char *host = strstr (text, "://"), *slash, *at;
  size_t i;

  memset (s, 0, sizeof *s);
  if (!host || (size_t) (host - text) >= sizeof s->protocol || !is_plain (text))
    return 0;
  memcpy (s->protocol, text, (size_t) (host - text));
  for (i = 0; i < FETTLE_COUNT (numbers); i += 2)
    if (strcmp (s->protocol, numbers[i]) == 0)
      s->number = numbers[i + 1];
  host += 3;
  slash = strchr (host, '/');
  at = strchr (host, '@');
  if (!s->number || !slash)
    return 0;
  if (at && at < slash) {
    if ((size_t) (at - host) >= sizeof s->user)
      return 0;
    memcpy (s->user, host, (size_t) (at - host));
    host = at + 1;
  }
  if (slash == host || strlen (slash) + 250 >= sizeof s->folder || !take_host (host, (size_t) (slash - host), s))
    return 0;
  snprintf (s->folder, sizeof s->folder, "%s", slash);
  while (s->folder[0] && s->folder[strlen (s->folder) - 1] == '/')
    s->folder[strlen (s->folder) - 1] = '\0';
  return 1;
}

int
fc_is_anonymous (const struct fc_source *s)
{
  return strcmp (s->protocol, "ftp") == 0 && !s->user[0];
}

/* By our own FTP, which is off unless the user has turned it on. */
static fettle_result
from_us (struct fc *f, uint32_t what, struct fc_source *s)
{
  const struct fettle_serve *serve = f->h->service (f->c, "serve", 1);
  const char *url = serve ? serve->file_url (f->c, FETTLE_LISTEN_FTP, what) : NULL;

  if (!url)
    return f->h->error (f->c, FETTLE_E_UNSUPPORTED, "the switch fetches its firmware by FTP, SCP or SFTP, and there is"
                        " nowhere to fetch it from: set ftp_port to 21 in fettle.conf, and Fettle offers it; or put it"
                        " on a file server that the switch reaches, and set firmware_source to"
                        " PROTOCOL://[USER@]HOST/FOLDER, where FOLDER holds the releases' folders");
  if (FETTLE_HAS (serve, struct fettle_serve, blocked) && serve->blocked (f->c, FETTLE_LISTEN_FTP) == 1)
    return fettle_fail (f->h, f->c, FETTLE_E_UNREACHABLE, "the way from the switch to our FTP is blocked: fettle check %s"
                        " says where", f->t->name);
  return fc_split (url, s) ? FETTLE_OK : f->h->error (f->c, FETTLE_E_INTERNAL, "an URL of ours that can't be read");
}

fettle_result
fc_find_source (struct fc *f, const struct fettle_image *image, uint32_t what, struct fc_source *s)
{
  const char *text = f->h->setting (f->c, "firmware_source"), *name = image->version;

  if (!is_plain (name) && what == FETTLE_SERVE_FOLDER)
    return f->h->error (f->c, FETTLE_E_CONFIG, "the component's version is none of Fabric OS");
  if (!text || !*text)
    return from_us (f, what, s);
  if (!fc_split (text, s))
    return fettle_fail (f->h, f->c, FETTLE_E_CONFIG, "the setting firmware_source is \"%.200s\": it is written"
                        " PROTOCOL://[USER@]HOST/FOLDER, with ftp, scp or sftp, and without a password", text);
  if (what != FETTLE_SERVE_FOLDER)
    name = ((const struct fettle_file *) ((const char *) image->files + (size_t) what * image->file_size))->name;
  if (strlen (name) > 200)
    return f->h->error (f->c, FETTLE_E_CONFIG, "the component's name is too long for the switch");
  snprintf (s->folder + strlen (s->folder), sizeof s->folder - strlen (s->folder), "/%s", name);
  return FETTLE_OK;
}
