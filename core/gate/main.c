/* fettle-gate - owns table inet fettle of this host's firewall, for the
 * service.  See fettle-gate(8).
 *
 * SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 */
#include "gate/base.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>

#include "gate/confine.h"
#include "gate/serve.h"
#include "gate/setup.h"

enum { EXIT_USAGE = 254, EXIT_FAILED = 255 };
enum mode { SERVE, CHECK, LOOK, SETUP, UNDO };

struct options {
  enum mode mode;
  int fd;
  const char *listen, *user, *client;
  struct fettle_spans allowed;
  uint32_t mark;
  bool old, dry;
};

static const char usage_text[] =
  "usage: fettle-gate --fd N --allow PORTS [OPTION...]\n"
  "       fettle-gate --listen SOCKET --allow PORTS [OPTION...]\n"
  "       fettle-gate --check | --look | --setup [--dry-run] | --undo-setup [--dry-run]\n"
  "Opens this host's firewall for Fettle's service, which runs it; see fettle-gate(8).\n"
  "  --allow PORTS   like tcp/63001,tcp/63010-63041: the only ones it may open\n"
  "  --client USER   with --listen: whom it serves, besides root\n"
  "  --mark BIT      the bit of packet marks that is ours (0x00100000)\n"
  "  --user USER     whom it runs as (fettle-gate or nobody)\n"
  "  --old-kernel    use nothing that Linux 5.11 lacks\n";

/* ---- Options. ---- */

static bool
parse_bit (const char *text, uint32_t *ret)
{
  char *end;
  unsigned long n;

  errno = 0;
  n = strtoul (text, &end, 0);
  if (errno || end == text || *end || n == 0 || n > UINT32_MAX || (n & (n - 1)))
    return false;
  *ret = (uint32_t) n;
  return true;
}

static bool
parse_fd (const char *text, int *ret)
{
  char *end;
  long n = strtol (text, &end, 10);

  if (end == text || *end || n < 3 || n > 1023)
    return false;
  *ret = (int) n;
  return true;
}

static bool
take_option (struct options *o, int c, const char *value)
{
  switch (c) {
  case 'f': return parse_fd (value, &o->fd);
  case 'l': o->listen = value; return true;
  case 'a': return fettle_spans_parse (value, &o->allowed);
  case 'c': o->client = value; return true;
  case 'm': return parse_bit (value, &o->mark);
  case 'u': o->user = value; return true;
  case 'O': o->old = true; return true;
  case 'n': o->dry = true; return true;
  case 'C': o->mode = CHECK; return true;
  case 'L': o->mode = LOOK; return true;
  case 'S': o->mode = SETUP; return true;
  case 'U': o->mode = UNDO; return true;
  default: return false;
  }
}

static bool
parse_options (int argc, char **argv, struct options *o)
{
  static const struct option options[] = {
    { "fd",         required_argument, NULL, 'f' },
    { "listen",     required_argument, NULL, 'l' },
    { "allow",      required_argument, NULL, 'a' },
    { "client",     required_argument, NULL, 'c' },
    { "mark",       required_argument, NULL, 'm' },
    { "user",       required_argument, NULL, 'u' },
    { "old-kernel", no_argument,       NULL, 'O' },
    { "dry-run",    no_argument,       NULL, 'n' },
    { "check",      no_argument,       NULL, 'C' },
    { "look",       no_argument,       NULL, 'L' },
    { "setup",      no_argument,       NULL, 'S' },
    { "undo-setup", no_argument,       NULL, 'U' },
    { NULL, 0, NULL, 0 },
  };
  int c;

  *o = (struct options) { .fd = -1, .mark = FETTLE_GATE_MARK };
  while ((c = getopt_long (argc, argv, "", options, NULL)) != -1)
    if (!take_option (o, c, optarg))
      return false;
  if (optind != argc)
    return false;
  if (o->mode == SERVE)
    return (o->fd >= 0) != (o->listen != NULL) && o->allowed.n > 0;
  if (o->allowed.n == 0)
    fettle_spans_parse ("tcp/63001,tcp/63002", &o->allowed);
  return o->fd < 0 && !o->listen;
}

/* ---- Modes. ---- */

/* Readable for root alone, so opened while we are. */
static void
open_legacy (int legacy[2])
{
  legacy[0] = open ("/proc/net/ip_tables_names", O_RDONLY | O_CLOEXEC);
  legacy[1] = open ("/proc/net/ip6_tables_names", O_RDONLY | O_CLOEXEC);
}

static enum fettle_gate_result
client_uid (const struct options *o, uid_t *ret, struct fettle_why *why)
{
  const struct passwd *pw = o->client ? getpwnam (o->client) : NULL;

  if (o->client && !pw)
    return fettle_why_set (why, FETTLE_GATE_E_REQUEST, "--client: there is no user %s", o->client);
  *ret = pw ? pw->pw_uid : getuid ();
  return FETTLE_GATE_OK;
}

/* Whoever wants something must be there before the table is made: it shuts
 * ports. */
static enum fettle_gate_result
serve (const struct options *o, struct fettle_why *why)
{
  struct fettle_server s = {
    .table = { .mark = o->mark },
    .policy = { .allowed = o->allowed, .mark = o->mark },
  };
  int fd = o->fd, client = -1;
  uid_t uid = 0;
  bool limited = false;

  open_legacy (s.legacy);
  if (client_uid (o, &uid, why) || (o->listen && fettle_server_listen (o->listen, uid, &fd, why))
      || fettle_drop_privileges (o->user, why) || fettle_server_client (fd, uid, &client, why)
      || fettle_nft_open (&s.table.nft, why) || fettle_limit_calls (&limited, why)
      || fettle_table_make (&s.table, o->old, why))
    return why->result;
  s.flags = limited ? FETTLE_GATE_CONFINED : 0;
  fettle_server_run (&s, client, why);
  fettle_table_remove (&s.table);
  fettle_nft_close (s.table.nft);
  return why->result;
}

static enum fettle_gate_result
look (struct fettle_nft *nft, const struct fettle_gate_policy *policy, const int legacy[2],
      struct fettle_why *why)
{
  static struct fettle_gate_finding found[FETTLE_GATE_FINDINGS];
  uint32_t n;

  if (fettle_find (nft, policy, legacy, found, &n, why))
    return why->result;
  for (uint32_t i = 0; i < n; i++)
    printf ("%s\n  %s\n", found[i].what, found[i].mend);
  return FETTLE_GATE_OK;
}

static enum fettle_gate_result
run_once (const struct options *o, struct fettle_why *why)
{
  const struct fettle_gate_policy policy = { .allowed = o->allowed, .mark = o->mark };
  struct fettle_nft *nft = NULL;
  int legacy[2];

  open_legacy (legacy);
  if (fettle_drop_privileges (o->user, why) || fettle_nft_open (&nft, why))
    return why->result;
  switch (o->mode) {
  case SERVE:
  case CHECK: fettle_table_try (nft, o->mark, why); break;
  case LOOK:  look (nft, &policy, legacy, why); break;
  case SETUP: fettle_setup (nft, &policy, legacy, o->dry, stdout, why); break;
  case UNDO:  fettle_setup_undo (nft, o->mark, o->dry, stdout, why); break;
  }
  fettle_nft_close (nft);
  return why->result;
}

static void
interrupted (int signal)
{
  (void) signal;
}

int
main (int argc, char **argv)
{
  /* Without SA_RESTART: waiting ends, and what isn't the kernel's to remove is
   * removed. */
  const struct sigaction end = { .sa_handler = interrupted };
  struct fettle_why why = { .result = FETTLE_GATE_OK };
  struct options o;

  if (!parse_options (argc, argv, &o)) {
    fputs (usage_text, stderr);
    return EXIT_USAGE;
  }
  sigaction (SIGTERM, &end, NULL);
  sigaction (SIGINT, &end, NULL);
  if (o.mode == SERVE ? serve (&o, &why) : run_once (&o, &why)) {
    fprintf (stderr, "fettle-gate: %s\n", why.text);
    return EXIT_FAILED;
  }
  return fflush (stdout) ? EXIT_FAILED : 0;
}
