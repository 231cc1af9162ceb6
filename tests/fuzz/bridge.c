/* What a program that is a plugin writes: its lines, and its manifest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>

#include <fettle/testhost.h>

#include "fuzz/fuzz.h"
#include "plugin/bridge.h"
#include "plugin/manifest.h"

static const uint8_t *said;
static size_t said_size;

/* The conversation, with what the program said already in a pipe. */
static fettle_result
inventory (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  struct fettle_bridge b = { .host = h, .c = c, .target = t, .operation = "inventory", .timeout_s = 5 };
  uint32_t score = 0;
  fettle_result r;
  int fds[2];

  MUST (pipe (fds) == 0);
  MUST (write (fds[1], said, said_size) == (ssize_t) said_size);
  close (fds[1]);
  b.program = (struct fettle_program) { -1, open ("/dev/null", O_WRONLY), fds[0], -1 };
  r = fettle_bridge_talk (&b, &score);
  MUST (score <= 100);
  fettle_program_end (&b.program);
  return r;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const struct fettle_port ports[] = { FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 80, "x"),
                                              FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 22, "z"),
                                              FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 445, "w"),
                                              FETTLE_FROM (FETTLE_BOTH, FETTLE_LISTEN_HTTP, "y") };
  static const struct fettle_node_type type = {
    .name = "fuzz", .title = "Fuzz", .hosts = FETTLE_HOST_LINUX, .ports = ports, .n_ports = FETTLE_COUNT (ports),
    .services = "http/1 serve/1 smb/1 ssh/1 stream/1", .inventory = inventory,
  };
  const struct fettle_testhost_plan plan = { .answer = "a\xff", .answer_size = 2, .http_status = 200 };
  struct fettle_testhost_seen seen = { 0 };
  struct fettle_plugin_info info = { 0 };
  struct fettle_error err = { 0 };

  if (size > 65536) /* what a pipe holds */
    return 0;
  if (fettle_manifest_parse ((const char *) data, size, "fuzz", &info, &err) == FETTLE_OK) {
    MUST (info.manifest && info.descriptor.n_node_types > 0);
    fettle_plugin_clear (&info);
  } else
    MUST (err.text[0]);
  said = data;
  said_size = size;
  fettle_testhost_call (&type, FETTLE_TEST_INVENTORY, &plan, &seen);
  MUST (seen.ended && (seen.result >= 0 || seen.text[0]));
  return 0;
}
