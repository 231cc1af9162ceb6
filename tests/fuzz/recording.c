/* What fettle record wrote, or another: read, and played back to a plugin that
 * asks for all there is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <sys/mman.h>

#include <fettle/smb.h>
#include <fettle/testhost.h>

#include "fuzz/fuzz.h"

static fettle_result
sink (void *opaque FETTLE_UNUSED, const void *data, size_t size)
{
  MUST (data && size);
  return FETTLE_OK;
}

static fettle_result
take (void *opaque FETTLE_UNUSED, const struct fettle_smb_entry *e)
{
  MUST (e->name);
  return FETTLE_OK;
}

static void
use_smb (fettle_ctx *c, const struct fettle_smb *smb)
{
  struct fettle_smb_facts facts;
  struct fettle_smb_entry entry;
  struct fettle_smb_names names;
  const void *out = NULL;
  uint64_t a, b;
  size_t n = 0;

  if (smb->look (c, &facts) == FETTLE_OK)
    MUST (facts.computer && facts.our_address);
  (void) smb->connect (c, NULL);
  (void) smb->put (c, 0, 0, "S$", "f");
  (void) smb->write (c, "S$", "f", "x", 1);
  (void) smb->read (c, "S$", "f", 0, 100, sink, NULL);
  if (smb->stat (c, "S$", "f", &entry) == FETTLE_OK)
    MUST (entry.name);
  (void) smb->list (c, "S$", "*", take, NULL);
  (void) smb->space (c, "S$", &a, &b);
  if (smb->rpc_open (c, 0, "winreg", "338cd001-2244-31f1-aaaa-900038001003", 1, 0) == 1
      && smb->rpc_call (c, 1, 2, "x", 1, 0, &out, &n) == FETTLE_OK)
    MUST (out && ((const char *) out)[n] == '\0');
  if (smb->name_status (c, 0, &names) == FETTLE_OK)
    MUST (names.names);
  (void) smb->status (c);
}

static void
use_serve (fettle_ctx *c, const struct fettle_serve *serve)
{
  const char *text = NULL;
  uint64_t bytes;
  uint32_t answers;

  (void) serve->file_url (c, FETTLE_LISTEN_HTTP, 0);
  (void) serve->status_url (c, FETTLE_LISTEN_HTTP);
  if (serve->next_status (c, 0, &text) == FETTLE_OK)
    MUST (text);
  (void) serve->fetched (c, FETTLE_LISTEN_HTTP, 0, &bytes, &answers);
  (void) serve->blocked (c, FETTLE_LISTEN_HTTP);
}

static fettle_result
all (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t FETTLE_UNUSED)
{
  const struct fettle_http *http = h->service (c, "http", 1);
  const struct fettle_http_request q = { .struct_size = sizeof q, .port = 80, .method = "GET", .path = "/" };
  struct fettle_http_answer a = { .struct_size = sizeof a };

  if (http->request (c, &q, &a) == FETTLE_OK)
    MUST (a.body && a.fields && a.body[a.size] == '\0');
  use_smb (c, h->service (c, "smb", 1));
  use_serve (c, h->service (c, "serve", 1));
  return FETTLE_OK;
}

static fettle_result
deploy (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, const struct fettle_image *image)
{
  MUST (image->n_files && image->files->name && image->files->sha256 && image->format);
  return all (h, c, t);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const struct fettle_port ports[] = { FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 80, "x"),
                                              FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 445, "w"),
                                              FETTLE_FROM (FETTLE_BOTH, FETTLE_LISTEN_HTTP, "y") };
  static const struct fettle_node_type type = {
    .name = "fuzz", .title = "Fuzz", .hosts = FETTLE_HOST_LINUX, .ports = ports, .n_ports = FETTLE_COUNT (ports),
    .services = "http/1 serve/1 smb/1", .inventory = all, .deploy = deploy,
  };
  int fd = memfd_create ("recording", MFD_CLOEXEC);
  struct fettle_recording *r;
  const char *why = NULL;
  char path[64];

  MUST (fd >= 0 && write (fd, data, size) == (ssize_t) size);
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  r = fettle_recording_read (path, &why);
  MUST (!r == !!why);
  for (size_t i = 0; r && i < fettle_recording_sections (r) && i < 3; i++)
    for (uint32_t garble = 0; garble < 2; garble++) {
      struct fettle_testhost_plan plan = { .answer = "", .format = "raw", .recording = r, .section = i, .garble = garble };
      struct fettle_testhost_seen seen = { 0 };
      enum fettle_testhost_operation o = fettle_recording_operation (r, i);

      fettle_testhost_call (&type, o == FETTLE_TEST_DEPLOY ? o : FETTLE_TEST_INVENTORY, &plan, &seen);
      MUST (seen.ended);
    }
  fettle_recording_free (r);
  close (fd);
  return 0;
}
