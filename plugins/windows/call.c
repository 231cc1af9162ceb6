/* call.c - what every call needs: the service, settings, words for numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "windows.h"

fettle_result
win_init (struct win *w, WIN_CALL)
{
  w->h = h;
  w->c = c;
  w->t = t;
  w->smb = h->service (c, "smb", 1);
  if (!w->smb)
    return h->error (c, FETTLE_E_SERVICE, "this Fettle can't speak SMB (service smb/1)");
  return FETTLE_OK;
}

static const struct {
  uint32_t number;
  fettle_result result;
  const char *text;
} errors[] = {
  { WIN_FILE_NOT_FOUND, FETTLE_E_REJECTED, "there is no such thing" },
  { WIN_PATH_NOT_FOUND, FETTLE_E_REJECTED, "there is no such folder" },
  { WIN_ACCESS_DENIED, FETTLE_E_AUTH,
    "access denied: the user must be an administrator of the node; a local one other than the built-in "
    "Administrator is one over the network only where LocalAccountTokenFilterPolicy is 1" },
  { 6, FETTLE_E_PROTOCOL, "the node has forgotten the handle that it gave us" },
  { 14, FETTLE_E_BUSY, "the node is short of memory" },
  { 112, FETTLE_E_REJECTED, "the disk is full" },
  { 1053, FETTLE_E_TIMEOUT, "the service didn't answer in time" },
  { 1055, FETTLE_E_BUSY, "the services are locked" },
  { WIN_SERVICE_DISABLED, FETTLE_E_REJECTED, "the service is disabled" },
  { WIN_SERVICE_DOES_NOT_EXIST, FETTLE_E_REJECTED, "there is no such service" },
  { 1069, FETTLE_E_REJECTED, "the service's account can't log in" },
  { WIN_SERVICE_MARKED_FOR_DELETE, FETTLE_E_BUSY, "the service is about to be deleted" },
  { WIN_SERVICE_EXISTS, FETTLE_E_REJECTED, "there is such a service already" },
  { WIN_SHUTDOWN_IN_PROGRESS, FETTLE_E_BUSY, "the node is about to restart" },
  { WIN_SHUTDOWN_IS_SCHEDULED, FETTLE_E_BUSY, "the node is to restart soon" },
  { 1219, FETTLE_E_BUSY, "the node allows us one connection, which another program has" },
  { 216, FETTLE_E_UNSUPPORTED, "the program isn't for this node's processor" },
  { 193, FETTLE_E_UNSUPPORTED, "the program isn't one for this Windows" },
  { 225, FETTLE_E_REJECTED, "the node's virus scanner took the program away" },
  { 1260, FETTLE_E_REJECTED, "a policy of the node forbids the program" },
  { 577, FETTLE_E_REJECTED, "the node demands signed programs (a policy)" },
};

const char *
win_error_text (uint32_t win32)
{
  for (size_t i = 0; i < FETTLE_COUNT (errors); i++)
    if (errors[i].number == win32)
      return errors[i].text;
  return NULL;
}

fettle_result
win_refused (const struct win *w, const char *what, uint32_t win32)
{
  const char *text = win_error_text (win32);
  fettle_result r = FETTLE_E_REJECTED;

  for (size_t i = 0; i < FETTLE_COUNT (errors); i++)
    if (errors[i].number == win32)
      r = errors[i].result;
  return fettle_fail (w->h, w->c, r, "%s: the node refused it: %s%serror %u%s", what, text ? text : "",
                      text ? " (" : "", (unsigned) win32, text ? ")" : "");
}

fettle_result
win_rpc (const struct win *w, int32_t handle, uint32_t opnum, struct ndr_out *out, struct ndr_in *in)
{
  const void *data = "";
  size_t size = 0;
  fettle_result r;

  if (out->failed)
    r = w->h->error (w->c, FETTLE_E_NOMEM, "what is asked of the node is too long, or memory is out");
  else
    r = w->smb->rpc_call (w->c, handle, opnum, out->data, out->size, 0, &data, &size);
  ndr_out_clear (out);
  ndr_in_init (in, data, r == FETTLE_OK ? size : 0);
  return r;
}

int
win_says_yes (const struct win *w, const char *setting)
{
  const char *text = w->h->setting (w->c, setting);

  return text && strcmp (text, "yes") == 0;
}

uint32_t
win_number (const struct win *w, const char *setting, uint32_t initial, uint32_t most)
{
  const char *text = w->h->setting (w->c, setting);
  char *end;
  unsigned long n;

  if (!text || text[0] < '0' || text[0] > '9')
    return initial;
  n = strtoul (text, &end, 10);
  return *end || n > most ? initial : (uint32_t) n;
}

void
win_name (const struct win *w, const char *suffix, char ret[64])
{
  snprintf (ret, 64, "fettle-%.40s%s", w->t->operation, suffix);
}
