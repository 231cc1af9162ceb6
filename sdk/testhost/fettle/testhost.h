/* fettle/testhost.h - a host for tests of a plugin: there is no node.
 *
 * What the node would say is made up, and every call of the host that can fail
 * can be made to: so it shows what a plugin does with nonsense and with
 * trouble.  Time doesn't pass: sleep_ms and timeouts return at once.
 *
 * One call of the plugin for each process, as with Fettle: the plugin may
 * crash, hang or end it, and `seen`, if it lies in shared memory, still says
 * how far it was.
 *
 * SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
 */
#ifndef FETTLE_TESTHOST_H
#define FETTLE_TESTHOST_H

#include <fettle/services.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Calls of the host that one call of a plugin may make: then it is aborted, as
 * by its deadline; as many again, and it is ended. */
#define FETTLE_TESTHOST_CALLS 5000
#define FETTLE_TESTHOST_ENDED 97 /* the exit status of that end */

enum fettle_testhost_operation {
  FETTLE_TEST_PROBE, FETTLE_TEST_INVENTORY, FETTLE_TEST_DEPLOY, FETTLE_TEST_CLEANUP, FETTLE_TEST_ACTIVATE,
  FETTLE_TEST_FIREWALL_OPEN, FETTLE_TEST_FIREWALL_RESTORE, FETTLE_TEST_REACH_BACK,
  FETTLE_TEST_OPERATIONS
};

/* What happens in one call of the plugin. */
struct fettle_testhost_plan {
  const char *answer;      /* what the node says, whatever it is asked */
  size_t answer_size;
  int32_t http_status;     /* of each answer by HTTP */
  int32_t exit_status;     /* of each command by SSH */
  uint32_t fail_at;        /* the host's call that fails, from 1; 0: none */
  uint32_t abort_at;       /* the call at which the user aborts; 0: none */
  const char *format;      /* of the image, for deploy */
  const char *token;       /* of the call before, or NULL */
  const char *(*quirk) (void *opaque, const char *model, const char *key); /* NULL: there are none */
  void *opaque;
  const struct fettle_recording *recording; /* the node says what it said then, instead of `answer` */
  size_t section;          /* of the recording: which of its calls */
  uint32_t garble;         /* not 0: what it said is cut and changed, by this number */
  void (*item) (void *opaque, const struct fettle_item *); /* sees what the plugin pushes; NULL */
};

/* What was seen of it. */
struct fettle_testhost_seen {
  uint32_t ended;          /* the plugin returned */
  fettle_result result;
  uint32_t calls;          /* of the host, those that can fail */
  uint32_t items;          /* pushed */
  uint32_t missing;        /* questions that the recording has no answer to */
  char last[64];           /* the host's function that was called last */
  char text[256];          /* why it failed, as it said */
  char wrong[256];         /* the first thing that a plugin must not do; "": nothing */
};

/* Its name, "inventory"; whether a type has it. */
const char *fettle_testhost_name (enum fettle_testhost_operation);
int fettle_testhost_has (const struct fettle_node_type *, enum fettle_testhost_operation);

/* Makes the call; the outcome is in *seen, which must be zeroed. */
void fettle_testhost_call (const struct fettle_node_type *, enum fettle_testhost_operation,
                           const struct fettle_testhost_plan *, struct fettle_testhost_seen *seen);

/* ---- What fettle record wrote: fettle-recording(5) ---- */

struct fettle_recording;

/* NULL: *ret_why says what is wrong. */
struct fettle_recording *fettle_recording_read (const char *path, const char **ret_why);
void fettle_recording_free (struct fettle_recording *);

/* A section is one call of the plugin: an inventory that came back with AGAIN
 * has several. */
size_t fettle_recording_sections (const struct fettle_recording *);
enum fettle_testhost_operation fettle_recording_operation (const struct fettle_recording *, size_t section);
const char *fettle_recording_type (const struct fettle_recording *, size_t section);
const char *fettle_recording_token (const struct fettle_recording *, size_t section);

#ifdef __cplusplus
}
#endif
#endif
