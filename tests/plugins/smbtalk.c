/* smbtalk.c - a plugin for tests of smb/1: does the steps of the node's setting
 * "do", which have semicolons between, and tells what came of each.
 *
 *   connect | look | names | disconnect | space SHARE
 *   write SHARE PATH TEXT | fill SHARE PATH SIZE | put SHARE PATH OFFSET | read SHARE PATH OFFSET LIMIT
 *   stat SHARE PATH | list SHARE PATTERN | mkdir SHARE PATH | rm SHARE PATH | rmdir SHARE PATH | mv SHARE FROM TO
 *   bind PORT PIPE UUID MAJOR MINOR | rpc OPNUM HEX TIMES | unbind
 *
 * An item for each: id its number, name what was heard, version the result and
 * the node's status.  The call's own result is that of its last step.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/smb.h>
#include <fettle/util.h>

#define WORDS 8

static const struct fettle_port ports[] = {
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 445, "SMB"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 139, "SMB over NetBIOS"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_TCP, 135, "RPC"),
  FETTLE_TO (FETTLE_BOTH, FETTLE_UDP, 137, "NetBIOS names"),
};

static const struct fettle_setting settings[] = {
  { "do", FETTLE_SETTING_TEXT, 0, "connect", "the steps" },
};

struct talk {
  const struct fettle_host *h;
  const struct fettle_smb *smb;
  fettle_ctx *c;
  int32_t handle;
  char *word[WORDS];
  char heard[3001];
  uint64_t bytes;
};

typedef fettle_result step (struct talk *);

static uint64_t
number (const char *word)
{
  return strtoull (word, NULL, 10);
}

static void
hear (struct talk *t, const char *text, size_t size)
{
  size_t at = strlen (t->heard), room = sizeof t->heard - 1 - at;

  if (size > room)
    size = room;
  memcpy (t->heard + at, text, size);
  t->heard[at + size] = '\0';
}

static void
hear_facts (struct talk *t, const struct fettle_smb_facts *f)
{
  snprintf (t->heard, sizeof t->heard, "%04x %u %s %s%s %s|%s|%s|%s %u.%u.%u %u", (unsigned) f->dialect, (unsigned) f->port,
            f->signing, f->flags & FETTLE_SMB_ENCRYPTED ? f->cipher : "plain",
            f->flags & FETTLE_SMB_KERBEROS ? " kerberos" : "", f->computer, f->domain, f->dns_name, f->dns_domain,
            (unsigned) f->os_major, (unsigned) f->os_minor, (unsigned) f->os_build, (unsigned) f->max_transfer);
}

static fettle_result
with_facts (struct talk *t, fettle_result (*what) (fettle_ctx *c, struct fettle_smb_facts *ret))
{
  struct fettle_smb_facts f;
  fettle_result r;

  memset (&f, 0, sizeof f);
  f.struct_size = sizeof f;
  r = what (t->c, &f);
  if (r == FETTLE_OK)
    hear_facts (t, &f);
  return r;
}

static fettle_result
do_connect (struct talk *t)
{
  return with_facts (t, t->smb->connect);
}

static fettle_result
do_look (struct talk *t)
{
  return with_facts (t, t->smb->look);
}

static fettle_result
do_names (struct talk *t)
{
  struct fettle_smb_names n;
  fettle_result r;

  memset (&n, 0, sizeof n);
  n.struct_size = sizeof n;
  r = t->smb->name_status (t->c, (uint32_t) number (t->word[1]), &n);
  if (r == FETTLE_OK)
    snprintf (t->heard, sizeof t->heard, "%s|%s|%s|%s", n.computer, n.domain, n.mac, n.names);
  return r;
}

static fettle_result
do_disconnect (struct talk *t)
{
  t->smb->disconnect (t->c);
  return FETTLE_OK;
}

static fettle_result
do_space (struct talk *t)
{
  uint64_t left = 0, all = 0;
  fettle_result r = t->smb->space (t->c, t->word[1], &left, &all);

  snprintf (t->heard, sizeof t->heard, "%s", left && left <= all ? "some" : "none");
  return r;
}

static fettle_result
do_write (struct talk *t)
{
  return t->smb->write (t->c, t->word[1], t->word[2], t->word[3], strlen (t->word[3]));
}

static fettle_result
do_fill (struct talk *t)
{
  size_t size = (size_t) number (t->word[3]);
  char *data = malloc (size + 1);
  fettle_result r;

  if (!data)
    return FETTLE_E_NOMEM;
  for (size_t i = 0; i < size; i++)
    data[i] = (char) ('a' + i % 23);
  r = t->smb->write (t->c, t->word[1], t->word[2], data, size);
  free (data);
  return r;
}

static fettle_result
do_put (struct talk *t)
{
  return t->smb->put (t->c, 0, number (t->word[3]), t->word[1], t->word[2]);
}

static fettle_result
sink (void *opaque, const void *data, size_t size)
{
  struct talk *t = opaque;

  if (t->bytes < 200)
    hear (t, data, size < 200 ? size : 200);
  t->bytes += size;
  return FETTLE_OK;
}

static fettle_result
do_read (struct talk *t)
{
  char text[32];
  fettle_result r = t->smb->read (t->c, t->word[1], t->word[2], number (t->word[3]), number (t->word[4]), sink, t);

  snprintf (text, sizeof text, " %llu", (unsigned long long) t->bytes);
  hear (t, text, strlen (text));
  return r;
}

static fettle_result
take (void *opaque, const struct fettle_smb_entry *e)
{
  struct talk *t = opaque;
  char text[1100];

  snprintf (text, sizeof text, "%s%s %llu,", e->name, e->attributes & FETTLE_SMB_DIRECTORY ? "/" : "",
            (unsigned long long) (e->attributes & FETTLE_SMB_DIRECTORY ? 0 : e->size));
  if (t->bytes < 20)
    hear (t, text, strlen (text));
  else if (t->bytes == 20)
    hear (t, "...", 3);
  t->bytes++;
  return FETTLE_OK;
}

static fettle_result
do_list (struct talk *t)
{
  char text[32];
  fettle_result r = t->smb->list (t->c, t->word[1], t->word[2], take, t);

  snprintf (text, sizeof text, " %llu", (unsigned long long) t->bytes);
  hear (t, text, strlen (text));
  return r;
}

static fettle_result
do_stat (struct talk *t)
{
  struct fettle_smb_entry e;
  fettle_result r;

  memset (&e, 0, sizeof e);
  e.struct_size = sizeof e;
  r = t->smb->stat (t->c, t->word[1], t->word[2], &e);
  if (r == FETTLE_OK)
    snprintf (t->heard, sizeof t->heard, "%llu %s %s", (unsigned long long) e.size,
              e.attributes & FETTLE_SMB_DIRECTORY ? "folder" : "file", e.written > 1600000000 ? "recent" : "old");
  return r;
}

static fettle_result
do_mkdir (struct talk *t)
{
  return t->smb->make_directory (t->c, t->word[1], t->word[2]);
}

static fettle_result
do_rm (struct talk *t)
{
  return t->smb->remove (t->c, t->word[1], t->word[2]);
}

static fettle_result
do_rmdir (struct talk *t)
{
  return t->smb->remove_directory (t->c, t->word[1], t->word[2]);
}

static fettle_result
do_mv (struct talk *t)
{
  return t->smb->rename (t->c, t->word[1], t->word[2], t->word[3]);
}

static fettle_result
do_bind (struct talk *t)
{
  int32_t handle = t->smb->rpc_open (t->c, (uint32_t) number (t->word[1]), t->word[2], t->word[3],
                                     (uint16_t) number (t->word[4]), (uint16_t) number (t->word[5]));

  if (handle >= 0)
    t->handle = handle;
  return handle < 0 ? handle : FETTLE_OK;
}

/* Hex; its last pair is repeated so that there are `times` bytes in all. */
static size_t
from_hex (const char *hex, size_t times, unsigned char *ret, size_t room)
{
  size_t n = 0;

  for (; hex[0] && hex[1] && n < room; hex += 2) {
    char pair[3] = { hex[0], hex[1], 0 };

    ret[n++] = (unsigned char) strtoul (pair, NULL, 16);
  }
  for (; n && n < times && n < room; n++)
    ret[n] = ret[n - 1];
  return n;
}

static fettle_result
do_rpc (struct talk *t)
{
  static unsigned char in[1200000];
  size_t size = from_hex (t->word[2], (size_t) number (t->word[3]), in, sizeof in), n = 0;
  const void *out = NULL;
  char text[64];
  fettle_result r = t->smb->rpc_call (t->c, t->handle, (uint32_t) number (t->word[1]), in, size, 0, &out, &n);

  if (r != FETTLE_OK)
    return r;
  for (size_t i = 0; i < n && i < 1000; i++) {
    snprintf (text, sizeof text, "%02x", ((const unsigned char *) out)[i]);
    hear (t, text, 2);
  }
  snprintf (text, sizeof text, " %lu", (unsigned long) n);
  hear (t, text, strlen (text));
  return r;
}

static fettle_result
do_unbind (struct talk *t)
{
  t->smb->rpc_close (t->c, t->handle);
  return FETTLE_OK;
}

static const struct {
  const char *name;
  step *run;
} steps[] = {
  { "connect", do_connect }, { "look", do_look }, { "names", do_names }, { "disconnect", do_disconnect },
  { "space", do_space }, { "write", do_write }, { "fill", do_fill }, { "put", do_put }, { "read", do_read },
  { "stat", do_stat }, { "list", do_list }, { "mkdir", do_mkdir }, { "rm", do_rm }, { "rmdir", do_rmdir },
  { "mv", do_mv }, { "bind", do_bind }, { "rpc", do_rpc }, { "unbind", do_unbind },
};

static fettle_result
run_step (struct talk *t, char *text)
{
  static char none[] = "";
  char *p = text;

  t->heard[0] = '\0';
  t->bytes = 0;
  for (size_t i = 0; i < WORDS; i++) {
    p += strspn (p, " \n");
    t->word[i] = *p ? p : none;
    p += strcspn (p, " \n");
    if (*p)
      *p++ = '\0';
  }
  for (size_t i = 0; i < FETTLE_COUNT (steps); i++)
    if (strcmp (steps[i].name, t->word[0]) == 0)
      return steps[i].run (t);
  return fettle_fail (t->h, t->c, FETTLE_E_CONFIG, "there is no step %s", t->word[0]);
}

static void
tell (struct talk *t, unsigned n, fettle_result r)
{
  struct fettle_item item;
  char id[16], version[64];

  memset (&item, 0, sizeof item);
  snprintf (id, sizeof id, "%u", n);
  snprintf (version, sizeof version, "%d %08x", (int) r, (unsigned) t->smb->status (t->c));
  item.struct_size = sizeof item;
  item.id = id;
  item.kind = "hardware";
  item.name = *t->heard ? t->heard : "-";
  item.version = version;
  t->h->add_item (t->c, &item);
}

static fettle_result
run (const struct fettle_host *h, fettle_ctx *c)
{
  struct talk t;
  const char *todo = h->setting (c, "do");
  fettle_result r = FETTLE_OK;
  unsigned n = 0;

  memset (&t, 0, sizeof t);
  t.h = h;
  t.c = c;
  t.smb = h->service (c, "smb", 1);
  t.handle = -1;
  if (!t.smb)
    return h->error (c, FETTLE_E_SERVICE, "no smb/1");
  while (*todo && !h->aborted (c)) {
    char text[4096];
    size_t size = strcspn (todo, ";");

    snprintf (text, sizeof text, "%.*s", (int) size, todo);
    todo += size + (todo[size] == ';');
    r = run_step (&t, text);
    tell (&t, ++n, r);
  }
  return r;
}

static fettle_result
inventory (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *target)
{
  (void) target;
  return run (h, c);
}

static fettle_result
deploy (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *target,
        const struct fettle_image *image)
{
  (void) target;
  (void) image;
  return run (h, c);
}

static const struct fettle_node_type type = {
  .name = "smbtalk", .title = "SMB", .position = 2000, .hosts = FETTLE_HOST_LINUX,
  .ports = ports, .n_ports = FETTLE_COUNT (ports), .settings = settings,
  .n_settings = FETTLE_COUNT (settings), .services = "smb/1", .inventory = inventory, .deploy = deploy,
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "smbtalk", .version = "1", .description = "tests smb/1",
  .node_types = &type, .n_node_types = 1,
};

FETTLE_REGISTER (smbtalk, plugin)
