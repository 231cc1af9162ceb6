/* record.c - what a plugin offers to its node and does by SMB is written down
 * without secrets, and can be played back: one deployment, recorded with tables
 * that stand in for the services, then played back by the test host.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>

#include <fettle/smb.h>
#include <fettle/testhost.h>

#include "util/file.h"
#include "worker/worker.h"

#define TOKEN    "0123456789abcdef0123456789abcdef"
#define PASSWORD "it's s3cret"

/* ---- The node and the service, made up ---- */

static const char *
real_file_url (fettle_ctx *c FETTLE_UNUSED, uint32_t listener FETTLE_UNUSED, uint32_t file FETTLE_UNUSED)
{
  return "http://192.0.2.9:63001/d/" TOKEN "/fw.bin";
}

static const char *
real_status_url (fettle_ctx *c FETTLE_UNUSED, uint32_t listener FETTLE_UNUSED)
{
  return "http://192.0.2.9:63001/s/" TOKEN;
}

static fettle_result
real_next_status (fettle_ctx *c FETTLE_UNUSED, uint32_t timeout_ms FETTLE_UNUSED, const char **ret)
{
  *ret = "{\"state\":\"done\",\"Password\":\"hunter22\",\"from\":\"http://192.0.2.9:63001/d/" TOKEN "/fw.bin\"}";
  return FETTLE_OK;
}

static fettle_result
real_fetched (fettle_ctx *c FETTLE_UNUSED, uint32_t listener FETTLE_UNUSED, uint32_t file FETTLE_UNUSED, uint64_t *bytes,
              uint32_t *answers)
{
  *bytes = 3000000;
  *answers = 1;
  return FETTLE_OK;
}

static int32_t
real_blocked (fettle_ctx *c FETTLE_UNUSED, uint32_t listener FETTLE_UNUSED)
{
  return 1;
}

static fettle_result
real_write (fettle_ctx *c FETTLE_UNUSED, const char *share FETTLE_UNUSED, const char *path FETTLE_UNUSED,
            const void *data FETTLE_UNUSED, size_t size FETTLE_UNUSED)
{
  return FETTLE_OK;
}

static fettle_result
real_read (fettle_ctx *c FETTLE_UNUSED, const char *share FETTLE_UNUSED, const char *path FETTLE_UNUSED,
           uint64_t offset FETTLE_UNUSED, uint64_t limit FETTLE_UNUSED, fettle_sink *sink, void *opaque)
{
  return sink (opaque, "the log says " PASSWORD " twice", strlen ("the log says " PASSWORD " twice"));
}

static fettle_result
real_list (fettle_ctx *c FETTLE_UNUSED, const char *share FETTLE_UNUSED, const char *pattern FETTLE_UNUSED,
           fettle_smb_take *take, void *opaque)
{
  const struct fettle_smb_entry e = { .struct_size = sizeof e, .size = 7, .name = "fettle-1" };

  return take (opaque, &e);
}

static fettle_result
real_remove (fettle_ctx *c FETTLE_UNUSED, const char *share FETTLE_UNUSED, const char *path FETTLE_UNUSED)
{
  return FETTLE_E_REJECTED;
}

static uint32_t
real_status (fettle_ctx *c FETTLE_UNUSED)
{
  return FETTLE_NT_NAME_NOT_FOUND;
}

static int32_t
real_rpc_open (fettle_ctx *c FETTLE_UNUSED, uint32_t port FETTLE_UNUSED, const char *pipe FETTLE_UNUSED,
               const char *uuid FETTLE_UNUSED, uint16_t major FETTLE_UNUSED, uint16_t minor FETTLE_UNUSED)
{
  return 5;
}

static fettle_result
real_rpc_call (fettle_ctx *c FETTLE_UNUSED, int32_t handle FETTLE_UNUSED, uint32_t opnum FETTLE_UNUSED,
               const void *in FETTLE_UNUSED, size_t in_size FETTLE_UNUSED, uint32_t timeout_ms FETTLE_UNUSED,
               const void **ret_out, size_t *ret_size)
{
  *ret_out = "\0\1\2\3";
  *ret_size = 4;
  return FETTLE_OK;
}

static const struct fettle_serve real_serve = {
  .struct_size = sizeof real_serve, .version = 1, .file_url = real_file_url, .status_url = real_status_url,
  .next_status = real_next_status, .fetched = real_fetched, .blocked = real_blocked,
};
static const struct fettle_smb real_smb = {
  .struct_size = sizeof real_smb, .version = 1, .status = real_status, .write = real_write, .read = real_read,
  .list = real_list, .remove = real_remove, .rpc_open = real_rpc_open, .rpc_call = real_rpc_call,
};

/* ---- The plugin ---- */

struct heard {
  char text[4096];
};

static fettle_result
hear (void *opaque, const void *data, size_t size)
{
  struct heard *h = opaque;

  snprintf (h->text + strlen (h->text), sizeof h->text - strlen (h->text), "%.*s|", (int) size, (const char *) data);
  return FETTLE_OK;
}

static fettle_result
hear_entry (void *opaque, const struct fettle_smb_entry *e)
{
  return hear (opaque, e->name, strlen (e->name));
}

static void
hear_text (struct heard *h, const char *text)
{
  (void) hear (h, text ? text : "NULL", text ? strlen (text) : 4);
}

/* All that it is told is in *h. */
static fettle_result
act (fettle_ctx *c, const struct fettle_serve *serve, const struct fettle_smb *smb, struct heard *h)
{
  const char *url = serve->file_url (c, FETTLE_LISTEN_HTTP, 0), *told = NULL;
  char text[300];
  uint64_t bytes = 0;
  uint32_t answers = 0;
  const void *out = NULL;
  size_t size = 0;
  int32_t handle;
  fettle_result removed;

  hear_text (h, url);
  hear_text (h, serve->status_url (c, FETTLE_LISTEN_HTTP));
  snprintf (text, sizeof text, "get %s", url ? url : "");
  if (smb->write (c, "ADMIN$", "temp/fettle-1", text, strlen (text)) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  if (smb->list (c, "ADMIN$", "temp/*", hear_entry, h) != FETTLE_OK
      || smb->read (c, "ADMIN$", "temp/log", 0, 1000, hear, h) != FETTLE_OK)
    return FETTLE_E_INTERNAL;
  handle = smb->rpc_open (c, 0, "svcctl", "367abb81-9844-35f1-ad32-98f038001003", 2, 0);
  if (handle < 0 || smb->rpc_call (c, handle, 15, "abc", 3, 0, &out, &size) != FETTLE_OK || size != 4
      || memcmp (out, "\0\1\2\3", 4) != 0)
    return FETTLE_E_INTERNAL;
  removed = smb->remove (c, "ADMIN$", "temp/none");
  snprintf (text, sizeof text, "remove %d %08x", (int) removed, (unsigned) smb->status (c));
  hear_text (h, text);
  if (serve->next_status (c, 1000, &told) == FETTLE_OK)
    hear_text (h, told);
  if (serve->fetched (c, FETTLE_LISTEN_HTTP, 0, &bytes, &answers) == FETTLE_OK) {
    snprintf (text, sizeof text, "%llu by %u, blocked %d", (unsigned long long) bytes, (unsigned) answers,
              (int) serve->blocked (c, FETTLE_LISTEN_HTTP));
    hear_text (h, text);
  }
  return FETTLE_OK;
}

static struct heard played;

static fettle_result
deploy (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t FETTLE_UNUSED,
        const struct fettle_image *image)
{
  hear_text (&played, image->files->name);
  return act (c, h->service (c, "serve", 1), h->service (c, "smb", 1), &played);
}

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 445, "SMB"), FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP, "pull"),
};
static const struct fettle_node_type type = {
  .name = "made-up", .title = "Made up", .hosts = FETTLE_HOST_LINUX, .ports = ports, .n_ports = FETTLE_COUNT (ports),
  .services = "serve/1 smb/1", .deploy = deploy,
};

/* ---- Recorded, then played back ---- */

static fettle_result
record (const char *path, struct heard *h)
{
  struct fettle_worker_call *w = calloc (1, sizeof *w);
  static char password[] = PASSWORD, user[] = "admin";
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  fettle_result r;

  assert_non_null (w);
  assert_true (fd >= 0);
  w->node_type = &type;
  w->operation = "deploy";
  w->ctx.plugin = "made_up";
  w->ctx.credentials.user = user;
  w->ctx.credentials.password = password;
  w->files[0] = (struct fettle_file) { .name = "fw.bin", .sha256 = "00", .size = 3000000 };
  w->image = (struct fettle_image) { .struct_size = sizeof w->image, .id = "fw", .format = "raw", .match = "x", .version = "2",
                                     .n_files = 1, .file_size = sizeof w->files[0], .files = w->files };
  assert_int_equal (fettle_record_begin (w, fd), FETTLE_OK);
  r = act (&w->ctx, fettle_record_service ("serve", &real_serve), fettle_record_service ("smb", &real_smb), h);
  fettle_record_end (r);
  free (w);
  return r;
}

static void
test_record (void **state FETTLE_UNUSED)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1000000);
  struct fettle_testhost_plan plan = { .answer = "", .format = "raw" };
  struct fettle_testhost_seen seen = { 0 };
  struct fettle_recording *recording;
  struct heard live = { "" };
  struct fettle_error err;
  char path[] = "/tmp/fettle-record-XXXXXX";
  const char *why = NULL;
  int fd = mkstemp (path);

  assert_true (fd >= 0);
  close (fd);
  assert_int_equal (record (path, &live), FETTLE_OK);
  assert_non_null (strstr (live.text, TOKEN)); /* the plugin has what it needs */
  assert_int_equal (fettle_file_read (path, &text, &err), FETTLE_OK);
  assert_null (strstr (text.data, TOKEN));
  assert_null (strstr (text.data, PASSWORD));
  assert_null (strstr (text.data, "hunter22"));
  assert_non_null (strstr (text.data, "fw.bin"));

  recording = fettle_recording_read (path, &why);
  unlink (path);
  assert_null (why);
  assert_int_equal (fettle_recording_sections (recording), 1);
  assert_int_equal (fettle_recording_operation (recording, 0), FETTLE_TEST_DEPLOY);
  plan.recording = recording;
  fettle_testhost_call (&type, FETTLE_TEST_DEPLOY, &plan, &seen);
  fettle_recording_free (recording);
  assert_string_equal (seen.wrong, "");
  assert_int_equal (seen.missing, 0);
  assert_int_equal (seen.result, FETTLE_OK);
  assert_non_null (strstr (played.text, "fw.bin|http://192.0.2.9:63001/d/removed/fw.bin|http://192.0.2.9:63001/s/removed|"));
  assert_non_null (strstr (played.text, "|fettle-1|the log says removed twice|remove -10 c0000034|{\"state\":\"done\""));
  assert_non_null (strstr (played.text, "|3000000 by 1, blocked 1|"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_record) };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
