/* setup.c - see setup.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <ctype.h>
#include <netinet/in.h>

#include "gate/look.h"
#include "gate/setup.h"

/* ---- What is in the way. ---- */

static bool
has_filter (int fd)
{
  char names[512];
  ssize_t n = fd >= 0 ? pread (fd, names, sizeof names - 1, 0) : -1;

  if (n <= 0)
    return false;
  names[n] = '\0';
  return strncmp (names, "filter\n", 7) == 0 || strstr (names, "\nfilter\n");
}

/* What can be said in nft's language without quotes. */
static bool
is_name (const char *s)
{
  if (!isalpha ((unsigned char) *s))
    return false;
  for (; *s; s++)
    if (!isalnum ((unsigned char) *s) && !strchr ("/-_.", *s))
      return false;
  return true;
}

static void
say_mend (struct fettle_gate_finding *f, uint32_t m)
{
  const char *six = strcmp (f->family, "ip6") == 0 ? "6" : "";
  const size_t size = sizeof f->mend;

  if (f->flags & FETTLE_GATE_EARLY) {
    snprintf (f->mend, size, "its priority, %d, comes before our mark is set (at -150): let the "
              "ports through there, or give it a higher priority", f->priority);
    return;
  }
  switch ((enum fettle_gate_manager) f->manager) {
  case FETTLE_GATE_PLAIN:
    snprintf (f->mend, size, "nft insert rule %s %s %s 'meta mark & 0x%08x == 0x%08x accept "
              "comment \"" FETTLE_LOOK_COMMENT "\"'; and to keep it, put the same from `meta' on "
              "first into that chain in /etc/nftables.conf", f->family, f->table, f->chain, m, m);
    break;
  case FETTLE_GATE_IPTABLES:
    snprintf (f->mend, size, "ip%stables -I INPUT -m mark --mark 0x%08x/0x%08x -j ACCEPT", six, m,
              m);
    break;
  case FETTLE_GATE_LEGACY:
    snprintf (f->mend, size, "if it drops: ip%stables-legacy -I INPUT -m mark --mark 0x%08x/0x%08x "
              "-j ACCEPT", six, m, m);
    break;
  case FETTLE_GATE_UFW:
    snprintf (f->mend, size, "put before COMMIT into /etc/ufw/before%s.rules: -A "
              "ufw%s-before-input -m mark --mark 0x%08x/0x%08x -j ACCEPT; then: ufw reload", six,
              six, m, m);
    break;
  case FETTLE_GATE_FIREWALLD:
    snprintf (f->mend, size, "put into fettle.conf: firewall = \"firewalld\"");
    break;
  }
}

static void
say_what (struct fettle_gate_finding *f)
{
  if (f->manager == FETTLE_GATE_LEGACY)
    snprintf (f->what, sizeof f->what, "iptables-legacy has a filter table for %s, whose rules "
              "nftables doesn't show", f->family);
  else
    snprintf (f->what, sizeof f->what, "chain %s of table %s %s drops packets to port %u/%s even "
              "if they have our mark, by %s", f->chain, f->family, f->table, f->port,
              f->protocol == IPPROTO_UDP ? "udp" : "tcp",
              f->flags & FETTLE_GATE_BY_POLICY ? "its policy" : "a rule");
}

/* Names of tables are foreign text, and this is shown on terminals. */
static void
make_printable (char *s)
{
  for (; *s; s++)
    if ((unsigned char) *s < ' ' || (unsigned char) *s >= 0x7f)
      *s = '?';
}

static void
finish (struct fettle_gate_finding *f, uint32_t mark)
{
  if (f->manager == FETTLE_GATE_PLAIN && !(f->flags & FETTLE_GATE_EARLY) && is_name (f->table)
      && is_name (f->chain))
    f->flags |= FETTLE_GATE_MENDS;
  say_what (f);
  say_mend (f, mark);
  make_printable (f->what);
  make_printable (f->mend);
}

/* Names that would need quotes, which nft 1.0.6 doesn't take: such a chain is
 * judged by its policy alone. */
static json_t *
fetch (void *nft, const char *family, const char *table, const char *chain)
{
  char command[3 * FETTLE_GATE_NAME];
  struct fettle_why why;
  json_t *list;

  if (!is_name (table) || !is_name (chain))
    return NULL;
  snprintf (command, sizeof command, "list chain %s %s %s", family, table, chain);
  return fettle_nft_ask_json (nft, command, &list, &why) ? NULL : list;
}

enum fettle_gate_result
fettle_find (struct fettle_nft *nft, const struct fettle_gate_policy *policy, const int legacy[2],
             struct fettle_gate_finding ret[FETTLE_GATE_FINDINGS], uint32_t *ret_n,
             struct fettle_why *why)
{
  json_t *chains;
  uint32_t n;

  if (fettle_nft_ask_json (nft, "list chains", &chains, why))
    return why->result;
  n = fettle_look (chains, fetch, nft, &policy->allowed, policy->mark, ret);
  json_decref (chains);
  for (int v = 0; v < 2; v++)
    if (n < FETTLE_GATE_FINDINGS && has_filter (legacy[v])) {
      memset (&ret[n], 0, sizeof ret[n]);
      ret[n].manager = FETTLE_GATE_LEGACY;
      snprintf (ret[n++].family, sizeof ret->family, "%s", v ? "ip6" : "ip");
    }
  for (uint32_t i = 0; i < n; i++)
    finish (&ret[i], policy->mark);
  *ret_n = n;
  return FETTLE_GATE_OK;
}

/* ---- Setup. ---- */

static enum fettle_gate_result
carry_out (struct fettle_nft *nft, FILE *f, char **commands, bool dry, FILE *out,
           struct fettle_why *why)
{
  if (fclose (f))
    return fettle_why_set (why, FETTLE_GATE_E_NOMEM, "no memory");
  if (**commands && (dry ? fettle_nft_try : fettle_nft_run) (nft, *commands, why))
    return why->result;
  fputs (*commands, out);
  return FETTLE_GATE_OK;
}

enum fettle_gate_result
fettle_setup (struct fettle_nft *nft, const struct fettle_gate_policy *policy, const int legacy[2],
              bool dry, FILE *out, struct fettle_why *why)
{
  static struct fettle_gate_finding found[FETTLE_GATE_FINDINGS];
  char *commands = NULL;
  size_t size;
  uint32_t n;
  FILE *f;

  if (fettle_find (nft, policy, legacy, found, &n, why))
    return why->result;
  f = open_memstream (&commands, &size);
  if (!f)
    return fettle_why_set (why, FETTLE_GATE_E_NOMEM, "no memory");
  for (uint32_t i = 0; i < n; i++)
    if ((found[i].flags & FETTLE_GATE_MENDS))
      fprintf (f, "insert rule %s %s %s meta mark & 0x%08x == 0x%08x accept comment \""
                  FETTLE_LOOK_COMMENT "\"\n", found[i].family, found[i].table, found[i].chain,
               policy->mark, policy->mark);
  carry_out (nft, f, &commands, dry, out, why);
  free (commands);
  for (uint32_t i = 0; i < n && !why->result; i++)
    if (!(found[i].flags & FETTLE_GATE_MENDS))
      fprintf (out, "# left to you: %s\n#   %s\n", found[i].what, found[i].mend);
  return why->result;
}

static void
write_undo (FILE *f, const json_t *rules, uint32_t mark)
{
  const json_t *item;
  size_t i;

  json_array_foreach (rules, i, item)
  {
    const json_t *rule = json_object_get (item, "rule");

    if (rule && fettle_look_is_mark_rule (rule, mark))
      fprintf (f, "delete rule %s %s %s handle %" JSON_INTEGER_FORMAT "\n",
               json_string_value (json_object_get (rule, "family")),
               json_string_value (json_object_get (rule, "table")),
               json_string_value (json_object_get (rule, "chain")),
               json_integer_value (json_object_get (rule, "handle")));
  }
}

/* It was added to base chains of the input hook alone. */
static void
write_undos (FILE *f, struct fettle_nft *nft, const json_t *chains, uint32_t mark)
{
  const json_t *item;
  size_t i;

  json_array_foreach (chains, i, item)
  {
    const json_t *chain = json_object_get (item, "chain");
    const char *family = json_string_value (json_object_get (chain, "family"));
    const char *table = json_string_value (json_object_get (chain, "table"));
    const char *name = json_string_value (json_object_get (chain, "name"));
    json_t *rules = NULL;

    if (fettle_look_is_foreign_input (chain) && family && table && name)
      rules = fetch (nft, family, table, name);
    write_undo (f, rules, mark);
    json_decref (rules);
  }
}

enum fettle_gate_result
fettle_setup_undo (struct fettle_nft *nft, uint32_t mark, bool dry, FILE *out,
                   struct fettle_why *why)
{
  json_t *chains;
  char *commands = NULL;
  size_t size;
  FILE *f;

  if (fettle_nft_ask_json (nft, "list chains", &chains, why))
    return why->result;
  f = open_memstream (&commands, &size);
  if (f)
    write_undos (f, nft, chains, mark);
  json_decref (chains);
  if (!f)
    return fettle_why_set (why, FETTLE_GATE_E_NOMEM, "no memory");
  carry_out (nft, f, &commands, dry, out, why);
  free (commands);
  return why->result;
}
