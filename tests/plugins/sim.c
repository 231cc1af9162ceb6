/* sim.c - a node type whose nodes are rows of a file: see sim.h.
 *
 * The file, sim.fleet beside this module, is mapped when the module is loaded:
 * later a worker may open nothing.  What is emulated is a management processor
 * with a list of update tasks, one at a time, twenty minutes each (compressed
 * to flash_ms); the plugin does what a good one does: it looks in that list
 * for a task of its own before it begins one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fettle/plugin.h>
#include <fettle/util.h>

#include "sim.h"

#define HOST const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

static const struct fettle_port ports[] = {
  FETTLE_TO   (FETTLE_BOTH,       FETTLE_TCP, 443,        "Redfish"),
  FETTLE_FROM (FETTLE_DEPLOYMENT, FETTLE_LISTEN_HTTP,     "firmware pull"),
};

static struct sim_fleet *fleet;

static void __attribute__ ((__constructor__))
map_fleet (void)
{
  static const char name[] = "sim.fleet";
  Dl_info self;
  struct stat st;
  char path[4096];
  const char *slash;
  void *at;
  int fd;

  if (!dladdr ((void *) (uintptr_t) map_fleet, &self) || !self.dli_fname)
    return;
  slash = strrchr (self.dli_fname, '/');
  snprintf (path, sizeof path, "%.*s%s", slash ? (int) (slash - self.dli_fname) + 1 : 0,
            self.dli_fname, name);
  fd = open (path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return;
  if (fstat (fd, &st) == 0 && st.st_size > (off_t) sizeof *fleet) {
    at = mmap (NULL, (size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    fleet = at == MAP_FAILED ? NULL : at;
  }
  close (fd);
}

/* "n17" is the row 17. */
static fettle_result
find (HOST, struct sim_node **ret)
{
  unsigned long i = strtoul (t->name + 1, NULL, 10);

  if (!fleet || fleet->magic != SIM_MAGIC || i >= fleet->n_nodes)
    return fettle_fail (h, c, FETTLE_E_CONFIG, "sim.fleet has no node %s", t->name);
  *ret = &fleet->nodes[i];
  if (!sim_is_reachable (fleet, *ret, sim_now ()))
    return fettle_fail (h, c, FETTLE_E_UNREACHABLE, "no answer from port 443 of %s", t->address);
  return FETTLE_OK;
}

/* A manager's blades and modules. */
static fettle_result
tell_of_others (const struct fettle_host *h, fettle_ctx *c, const struct sim_node *n)
{
  static const char *const types[] = { "sim", "sim-manager", "sim-interconnect" };
  uint32_t self = (uint32_t) (n - fleet->nodes);
  fettle_result r = FETTLE_OK;

  for (uint32_t i = 0; r == FETTLE_OK && i < fleet->n_nodes; i++) {
    const struct sim_node *other = &fleet->nodes[i];
    struct fettle_found found;
    char address[32], name[16], bay[16], pair[16];

    if (other->parent != self + 1)
      continue;
    sim_address (i, address, sizeof address);
    snprintf (name, sizeof name, "n%u", (unsigned) i);
    snprintf (bay, sizeof bay, "Bay %u", (unsigned) i);
    snprintf (pair, sizeof pair, "%u", (unsigned) other->pair);
    memset (&found, 0, sizeof found);
    found.struct_size = sizeof found;
    found.address = address;
    found.type = types[other->kind];
    found.name = name;
    found.location = bay;
    found.pair = other->pair ? pair : NULL;
    found.relation = FETTLE_FOUND_MEMBER;
    r = h->add_node (c, &found);
  }
  return r;
}

static fettle_result
inventory (HOST)
{
  struct sim_node *n;
  struct fettle_item item;
  char id[16], match[16], version[16];
  fettle_result r = find (h, c, t, &n);

  for (uint32_t i = 0; r == FETTLE_OK && i < SIM_COMPONENTS; i++) {
    snprintf (id, sizeof id, "fw/%u", (unsigned) i);
    snprintf (match, sizeof match, "sim:%u", (unsigned) i);
    snprintf (version, sizeof version, "%u.0", (unsigned) sim_version (fleet, n, i, sim_now ()));
    memset (&item, 0, sizeof item);
    item.struct_size = sizeof item;
    item.flags = FETTLE_ITEM_UPDATEABLE | (n->tpm ? FETTLE_ITEM_TPM : 0)
                 | (n->tpm > 1 ? FETTLE_ITEM_ENCRYPTED : 0);
    item.id = id;
    item.kind = "firmware";
    item.name = id;
    item.version = version;
    item.scheme = "dotted";
    item.match = match;
    r = h->add_item (c, &item);
  }
  return r == FETTLE_OK && n->kind == SIM_MANAGER ? tell_of_others (h, c, n) : r;
}

static fettle_result
follow (HOST, struct sim_node *n, uint32_t task)
{
  struct sim_entry *e = sim_entry (n, task);
  char token[32];
  int64_t now;

  if (!e)
    return fettle_fail (h, c, FETTLE_E_PROTOCOL, "%s has no task %u", t->name, (unsigned) task);
  while (now = sim_now (), !fleet->poll_s && !sim_is_over (fleet, e, now))
    if (h->sleep_ms (c, 20) != FETTLE_OK)
      return FETTLE_E_ABORTED;
  if (!sim_is_over (fleet, e, now)) {
    h->progress (c, 100 + (uint32_t) ((now - e->since) * 900 / fleet->flash_ms), "updating");
    snprintf (token, sizeof token, "task %u", (unsigned) task);
    return h->again (c, fleet->poll_s, token);
  }
  if (!e->seen)
    e->seen = now;
  if (n->rule == SIM_BREAKS && e->component == n->component)
    return fettle_fail (h, c, FETTLE_E_REJECTED, "task %u: verification failed", (unsigned) task);
  return FETTLE_OK;
}

/* The first bytes say what it is: "component 3 version 2". */
static fettle_result
read_image (const struct fettle_host *h, fettle_ctx *c, const struct fettle_image *image,
            unsigned *ret_component, unsigned *ret_version)
{
  char text[4096];
  uint64_t at = 0;
  int64_t n;

  memset (text, 0, 64);
  while ((n = h->read_file (c, 0, at, text + (at ? 64 : 0), sizeof text - 65)) > 0)
    at += (uint64_t) n;
  if (n < 0)
    return (fettle_result) n;
  if (at != image->files[0].size
      || sscanf (text, "component %u version %u", ret_component, ret_version) != 2
      || *ret_component >= SIM_COMPONENTS)
    return fettle_fail (h, c, FETTLE_E_REJECTED, "not an image");
  return FETTLE_OK;
}

/* On a real one these two steps aren't one either. */
static fettle_result
begin (HOST, struct sim_node *n, unsigned component, unsigned version)
{
  struct sim_entry *e;
  uint32_t slot;

  for (uint32_t i = 0; i < sim_entries (n); i++) {
    const struct sim_entry *other = sim_entry (n, i);

    if (other && strcmp (other->operation, t->operation) == 0)
      return follow (h, c, t, n, i);
    if (other && !sim_is_over (fleet, other, sim_now ()))
      return fettle_fail (h, c, FETTLE_E_BUSY, "%s is busy with task %u", t->name, (unsigned) i);
  }
  if (n->rule == SIM_REJECTS && component == n->component)
    return fettle_fail (h, c, FETTLE_E_REJECTED, "%s refuses the image", t->name);
  slot = atomic_fetch_add (&n->n_entries, 1);
  if (slot >= SIM_LEDGER)
    return fettle_fail (h, c, FETTLE_E_REJECTED, "%s has too many tasks", t->name);
  e = &n->ledger[slot];
  e->component = component;
  e->to = version;
  e->since = sim_now ();
  snprintf (e->operation, sizeof e->operation, "%s", t->operation);
  atomic_store (&e->is_written, 1);
  return follow (h, c, t, n, slot);
}

static fettle_result
deploy (HOST, const struct fettle_image *image)
{
  const char *token = h->token (c);
  unsigned task, component, version;
  struct sim_node *n;
  fettle_result r = find (h, c, t, &n);

  if (r != FETTLE_OK)
    return r;
  if (token && sscanf (token, "task %u", &task) == 1)
    return follow (h, c, t, n, task);
  atomic_fetch_add (&n->uploads, 1);
  h->progress (c, 50, "uploading");
  r = read_image (h, c, image, &component, &version);
  return r == FETTLE_OK ? begin (h, c, t, n, component, version) : r;
}

static fettle_result
cleanup (HOST)
{
  struct sim_node *n;

  return find (h, c, t, &n);
}

static fettle_result
activate (HOST)
{
  struct sim_node *n;
  fettle_result r = find (h, c, t, &n);

  if (r != FETTLE_OK)
    return r;
  if (h->token (c))
    atomic_fetch_add (&n->looks, 1);
  else
    atomic_fetch_add (&n->restarts, 1);
  return n->down ? h->again (c, 1, "restarting") : FETTLE_OK;
}

#define TYPE(called, text, place, of)                                                           \
  { .name = called, .title = text, .position = place, .hosts = FETTLE_HOST_LINUX, .layer = of,  \
    .ports = ports, .n_ports = FETTLE_COUNT (ports), .inventory = inventory, .deploy = deploy,  \
    .cleanup = cleanup, .activate = activate }

static const struct fettle_node_type types[] = {
  TYPE ("sim",              "Emulated",              2003, FETTLE_LAYER_SERVER),
  TYPE ("sim-manager",      "Emulated manager",      2004, FETTLE_LAYER_MANAGER),
  TYPE ("sim-interconnect", "Emulated interconnect", 2005, FETTLE_LAYER_INTERCONNECT),
};

static const struct fettle_plugin plugin = {
  FETTLE_HEAD, .name = "sim", .version = "1", .description = "an emulated fleet",
  .node_types = types, .n_node_types = FETTLE_COUNT (types),
};

FETTLE_REGISTER (sim, plugin)
