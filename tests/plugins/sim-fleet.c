/* sim-fleet.c - makes an emulated fleet (sim.h), and asks its hardware what
 * really happened.
 *
 *   sim-fleet make FILE NODES SEED FLASH_MS POLL_S
 *   sim-fleet nodes FILE FIRST COUNT      the body of POST /nodes
 *   sim-fleet images FOLDER               a baseline of version 2.0
 *   sim-fleet check FILE JOB.json         is what the job says true?
 *   sim-fleet set FILE NODE WHAT VALUE    rule, component, kind, parent, pair or down: a number (sim.h)
 *   sim-fleet pace FILE FLASH_MS          how long updates take, also those under way
 *   sim-fleet reset FILE                  as it was delivered
 *   sim-fleet flash FILE NODE COMPONENT VERSION   by other hands, long ago
 *   sim-fleet restarts FILE NODE          how often, and how often it was asked whether it is back
 *   sim-fleet ledger FILE                 what was installed, and when (ms since 1970), as JSON
 *
 * In each hundred nodes three fail and one vanishes: for good in every other
 * hundred, for a while in the rest.
 *
 * check prints counts as JSON and, on standard error, what is wrong; its status
 * is 1 then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "plugins/sim.h"

static const char usage[] = "usage: sim-fleet make|nodes|images|check|set|pace|reset|flash|ledger ...\n";

static void
die (const char *what)
{
  perror (what);
  exit (2);
}

static struct sim_fleet *
map (const char *path)
{
  int fd = open (path, O_RDWR | O_CLOEXEC);
  struct stat st;
  void *at;

  if (fd < 0 || fstat (fd, &st))
    die (path);
  at = mmap (NULL, (size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED)
    die (path);
  close (fd);
  return at;
}

/* ---- make ---- */

static uint32_t
rule_of (const struct sim_fleet *f, uint32_t i)
{
  switch ((i + f->seed) % 100) {
  case 10: return SIM_REJECTS;
  case 35: return SIM_BREAKS;
  case 60: return SIM_LIES;
  case 85: return i / 100 % 2 ? SIM_VANISHES : SIM_BLINKS;
  default: return SIM_GOOD;
  }
}

static int
make (char **args)
{
  uint32_t n = (uint32_t) strtoul (args[1], NULL, 10);
  size_t size = sizeof (struct sim_fleet) + n * sizeof (struct sim_node);
  int fd = open (args[0], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  struct sim_fleet *f;

  /* Workers run as another user. */
  if (fd < 0 || fchmod (fd, 0666) || ftruncate (fd, (off_t) size))
    die (args[0]);
  close (fd);
  f = map (args[0]);
  f->magic = SIM_MAGIC;
  f->n_nodes = n;
  f->seed = strtoull (args[2], NULL, 10);
  f->flash_ms = (uint32_t) strtoul (args[3], NULL, 10);
  f->poll_s = (uint32_t) strtoul (args[4], NULL, 10);
  for (uint32_t i = 0; i < n; i++) {
    f->nodes[i].rule = rule_of (f, i);
    f->nodes[i].component = (uint32_t) ((i / 100 + i + f->seed) % SIM_COMPONENTS);
  }
  return 0;
}

static const char *const kinds[] = { "sim", "sim-manager", "sim-interconnect" };

static int
nodes (char **args)
{
  const struct sim_fleet *f = map (args[0]);
  unsigned long first = strtoul (args[1], NULL, 10), count = strtoul (args[2], NULL, 10);

  printf ("{\"nodes\":[");
  for (unsigned long i = first; i < first + count && i < f->n_nodes; i++) {
    char address[32];

    sim_address (i, address, sizeof address);
    printf ("%s{\"address\":\"%s\",\"name\":\"n%lu\",\"type\":\"%s\","
            "\"credentials\":{\"user\":\"admin\",\"password\":\"of %lu\"}}", i > first ? "," : "",
            address, i, kinds[f->nodes[i].kind], i);
  }
  printf ("]}\n");
  return 0;
}

static int
images (char **args)
{
  char path[4096];

  for (int i = 0; i < SIM_COMPONENTS; i++) {
    FILE *image, *side;

    snprintf (path, sizeof path, "%s/fw%d.bin", args[0], i);
    image = fopen (path, "w");
    snprintf (path, sizeof path, "%s/fw%d.bin.component.cfg", args[0], i);
    side = fopen (path, "w");
    if (!image || !side)
      die (path);
    fprintf (image, "component %d version %d\n%20000d\n", i, SIM_NEW, i);
    fprintf (side, "name = \"Firmware %d\";\nversion = \"%d.0\";\nscheme = \"dotted\";\n"
                   "format = \"raw\";\nkind = \"firmware\";\nmatch = \"sim:%d\";\norder = %d;\n",
             i, SIM_NEW, i, 100 + i);
    if (fclose (image) || fclose (side))
      die (path);
  }
  return 0;
}

/* ---- What befalls it ---- */

static struct sim_node *
row (struct sim_fleet *f, const char *text)
{
  unsigned long i = strtoul (text, NULL, 10);

  if (i >= f->n_nodes) {
    fprintf (stderr, "there is no node %s\n", text);
    exit (2);
  }
  return &f->nodes[i];
}

static int
set (char **args)
{
  struct sim_node *n = row (map (args[0]), args[1]);
  uint32_t value = (uint32_t) strtoul (args[3], NULL, 10);
  struct { const char *name; uint32_t *value; } words[] = {
    { "rule", &n->rule },     { "component", &n->component }, { "kind", &n->kind },
    { "parent", &n->parent }, { "pair", &n->pair },
    { "tpm", &n->tpm },
  };

  for (size_t i = 0; i < COUNT (words); i++)
    if (strcmp (words[i].name, args[2]) == 0) {
      *words[i].value = value;
      return 0;
    }
  if (strcmp (args[2], "down") == 0) {
    n->down = value;
    return 0;
  }
  fprintf (stderr, "a node has no %s\n", args[2]);
  return 2;
}

static int
pace (char **args)
{
  map (args[0])->flash_ms = (uint32_t) strtoul (args[1], NULL, 10);
  return 0;
}

static int
reset (char **args)
{
  struct sim_fleet *f = map (args[0]);

  for (uint32_t i = 0; i < f->n_nodes; i++) {
    f->nodes[i].n_entries = f->nodes[i].uploads = 0;
    f->nodes[i].restarts = f->nodes[i].looks = 0;
    memset (f->nodes[i].ledger, 0, sizeof f->nodes[i].ledger);
  }
  return 0;
}

static int
flash (char **args)
{
  struct sim_fleet *f = map (args[0]);
  struct sim_node *n = row (f, args[1]);
  struct sim_entry *e = &n->ledger[sim_entries (n) % SIM_LEDGER];

  e->component = (uint32_t) strtoul (args[2], NULL, 10);
  e->to = (uint32_t) strtoul (args[3], NULL, 10);
  e->since = sim_now () - 3600000;
  e->seen = e->since + 1;
  e->is_written = 1;
  n->n_entries++;
  return 0;
}

static int
restarts (char **args)
{
  const struct sim_node *n = row (map (args[0]), args[1]);

  printf ("%u %u\n", (unsigned) n->restarts, (unsigned) n->looks);
  return 0;
}

static int
ledger (char **args)
{
  struct sim_fleet *f = map (args[0]);
  struct timespec t;
  int64_t shift;
  const char *comma = "";

  clock_gettime (CLOCK_REALTIME, &t);
  shift = (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000 - sim_now ();
  putchar ('[');
  for (uint32_t i = 0; i < f->n_nodes; i++)
    for (uint32_t k = 0; k < sim_entries (&f->nodes[i]); k++) {
      const struct sim_entry *e = sim_entry (&f->nodes[i], k);

      if (!e)
        continue;
      printf ("%s{\"node\":%u,\"component\":%u,\"to\":%u,\"from\":%lld,\"until\":%lld,\"seen\":%s}\n",
              comma, (unsigned) i, (unsigned) e->component, (unsigned) e->to,
              (long long) (e->since + shift),
              (long long) ((e->seen ? e->seen : e->since + (int64_t) f->flash_ms) + shift),
              e->seen ? "true" : "false");
      comma = ",";
    }
  puts ("]");
  return 0;
}

/* ---- check ---- */

struct counts {
  unsigned tasks, done, failed, unknown, skipped, twice, lost, wrong;
};

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));

  return text ? text : "";
}

static void
complain (struct counts *c, unsigned node, unsigned component, const char *what)
{
  if (c->wrong++ < 20)
    fprintf (stderr, "n%u component %u: %s\n", node, component, what);
}

static unsigned
times_begun (struct sim_node *n, unsigned component)
{
  unsigned times = 0;

  for (uint32_t i = 0; i < sim_entries (n); i++) {
    const struct sim_entry *e = sim_entry (n, i);

    times += e && e->component == component;
  }
  return times;
}

/* How a task of this node may end, as true words. */
static const char *
true_states (const struct sim_node *n, unsigned component)
{
  switch ((enum sim_rule) n->rule) {
  case SIM_REJECTS: case SIM_BREAKS: case SIM_LIES:
    return component == n->component ? "failed" : "done";
  case SIM_VANISHES:
    return component <= n->component ? "unknown" : "skipped";
  case SIM_GOOD: case SIM_BLINKS:
    break;
  }
  return "done";
}

static bool
begins (const struct sim_node *n, unsigned component)
{
  return !(n->rule == SIM_REJECTS && component == n->component)
         && !(n->rule == SIM_VANISHES && component > n->component);
}

static void
check_component (struct counts *c, struct sim_fleet *f, unsigned node, unsigned component,
                 const char *state)
{
  struct sim_node *n = &f->nodes[node];
  unsigned times = times_begun (n, component);
  char text[160];

  if (times > 1) {
    c->twice++;
    complain (c, node, component, "was installed more than once");
  }
  if (times == 0 && begins (n, component)) {
    c->lost++;
    complain (c, node, component, "was never installed");
  }
  if (strcmp (state, "done") == 0 && sim_version (f, n, component, sim_now ()) != SIM_NEW)
    complain (c, node, component, "is said to be installed, and isn't");
  if (strcmp (state, true_states (n, component)) != 0) {
    snprintf (text, sizeof text, "is \"%s\" instead of \"%s\" (rule %u)", state,
              true_states (n, component), (unsigned) n->rule);
    complain (c, node, component, text);
  }
}

static void
count (struct counts *c, const char *state)
{
  c->tasks++;
  c->done += strcmp (state, "done") == 0;
  c->failed += strcmp (state, "failed") == 0;
  c->unknown += strcmp (state, "unknown") == 0;
  c->skipped += strcmp (state, "skipped") == 0;
}

static int
check (char **args)
{
  struct sim_fleet *f = map (args[0]);
  json_t *job = json_load_file (args[1], 0, NULL), *task;
  unsigned char *seen = calloc (f->n_nodes, SIM_COMPONENTS);
  struct counts c = { 0 };
  unsigned component;
  size_t i;

  if (!seen || !json_is_array (json_object_get (job, "tasks"))) {
    fprintf (stderr, "%s isn't a job\n", args[1]);
    return 2;
  }
  json_array_foreach (json_object_get (job, "tasks"), i, task) {
    unsigned node = (unsigned) strtoul (text_of (task, "name") + (*text_of (task, "name") == 'n'),
                                        NULL, 10);

    if (sscanf (text_of (task, "component"), "fw%u.bin", &component) != 1 || node >= f->n_nodes
        || component >= SIM_COMPONENTS || seen[node * SIM_COMPONENTS + component]++) {
      complain (&c, node, 0, "has a task that nobody asked for");
      continue;
    }
    count (&c, text_of (task, "state"));
    check_component (&c, f, node, component, text_of (task, "state"));
  }
  for (i = 0; i < (size_t) f->n_nodes * SIM_COMPONENTS; i++)
    if (!seen[i])
      complain (&c, (unsigned) (i / SIM_COMPONENTS), (unsigned) (i % SIM_COMPONENTS), "has no task");
  printf ("{\"tasks\":%u,\"done\":%u,\"failed\":%u,\"unknown\":%u,\"skipped\":%u,\"twice\":%u,"
          "\"lost\":%u,\"wrong\":%u}\n", c.tasks, c.done, c.failed, c.unknown, c.skipped, c.twice,
          c.lost, c.wrong);
  json_decref (job);
  free (seen);
  return c.wrong != 0;
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    int args;
    int (*run) (char **args);
  } commands[] = {
    { "make", 5, make }, { "nodes", 3, nodes }, { "images", 1, images }, { "check", 2, check },
    { "set", 4, set }, { "pace", 2, pace }, { "reset", 1, reset }, { "flash", 4, flash },
    { "ledger", 1, ledger }, { "restarts", 2, restarts },
  };

  for (size_t i = 0; argc > 1 && i < COUNT (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0 && argc == 2 + commands[i].args)
      return commands[i].run (argv + 2);
  fputs (usage, stderr);
  return 2;
}
