/* firewall.c - the node's own firewall: what SMB and WMI need, for as long as a
 * job does, for our address alone.
 *
 * Predefined rules of Windows that are off are turned on; those that are on
 * stay as they are.  What does it is a script on the node (firewall.ps1) in a
 * service that stays until the file `close` is in its folder, or its time is
 * over, and then puts the rules back.  It starts again with the node, and its
 * memory is a file beside it: so the rules close whatever becomes of us.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define RULES "SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"

extern const char win_firewall_ps1[];

enum { WAIT_S = 120, LOOK_MS = 250, FORMER_MAX = 16 * 1024, RULE_MAX = 1200 };

/* By their ids, which are the same in every language of Windows. */
static const char *const rules[] = {
  "WMI-RPCSS-In-TCP",        "WMI-RPCSS-In-TCP-NoScope",        "WMI-ASYNC-In-TCP",          "WMI-ASYNC-In-TCP-NoScope",
  "WMI-WINMGMT-In-TCP",      "WMI-WINMGMT-In-TCP-NoScope",      "FPS-SMB-In-TCP",            "FPS-SMB-In-TCP-NoScope",
  "FPS-NB_Name-In-UDP",      "FPS-NB_Name-In-UDP-NoScope",      "FPS-NB_Datagram-In-UDP",    "FPS-NB_Datagram-In-UDP-NoScope",
  "FPS-NB_Session-In-TCP",   "FPS-NB_Session-In-TCP-NoScope",
};

struct firewall {
  struct win w;
  struct run run;
  char closed[1024];          /* those that are off: "'A','B'" */
  char former[FORMER_MAX];    /* the same, with what the registry says of them */
};

/* "v2.31|Action=Allow|Active=FALSE|Dir=In|..." */
static int
is_off (const char *rule)
{
  return strstr (rule, "|Active=FALSE|") && strstr (rule, "|Action=Allow|");
}

static fettle_result
read_rule (struct firewall *f, struct registry *g, const struct ndr_handle *key, const char *name)
{
  char text[RULE_MAX];
  size_t n = strlen (f->closed), m = strlen (f->former);
  fettle_result r = reg_text (g, key, name, text, sizeof text);

  if (r != FETTLE_OK || !is_off (text))
    return r;
  snprintf (f->closed + n, sizeof f->closed - n, "%s'%s'", n ? "," : "", name);
  snprintf (f->former + m, sizeof f->former - m, "%s %s\n", name, text);
  return FETTLE_OK;
}

static fettle_result
read_rules (struct firewall *f)
{
  struct registry g;
  struct ndr_handle key;
  fettle_result r = win_registry_open (&f->w, &g);

  if (r == FETTLE_OK)
    r = reg_open (&g, NULL, RULES, &key);
  if (r == FETTLE_OK) {
    for (size_t i = 0; i < FETTLE_COUNT (rules) && r == FETTLE_OK; i++)
      r = read_rule (f, &g, &key, rules[i]);
    reg_close (&g, &key);
  }
  return win_registry_close (&f->w, &g, r == WIN_NONE ? FETTLE_OK : r);
}

static fettle_result
init (struct firewall *f, WIN_CALL)
{
  fettle_result r = win_init (&f->w, h, c, t);
  char name[64];

  if (r != FETTLE_OK)
    return r;
  win_name (&f->w, "-fw", name);
  run_init (&f->run, &f->w, name);
  f->run.start = SVC_AUTO;
  return FETTLE_OK;
}

static fettle_result
write_note (struct firewall *f, const char *name, const char *text)
{
  char path[400];

  run_path (&f->run, name, path);
  return f->w.smb->write (f->w.c, RUN_SHARE, path, text, strlen (text));
}

/* 1: the file is there; 0: it isn't, or that can't be told. */
static int
is_there (struct firewall *f, const char *name)
{
  char path[400];

  run_path (&f->run, name, path);
  return win_stat (&f->w, path, NULL) == FETTLE_OK;
}

/* Into the log: what PowerShell says went wrong. */
static fettle_result
say_output (void *opaque, const void *data, size_t size)
{
  struct firewall *f = opaque;
  char text[800];

  snprintf (text, sizeof text, "PowerShell: %.*s", size < 700 ? (int) size : 700, (const char *) data);
  for (char *p = text; *p; p++)
    if ((unsigned char) *p < 0x20)
      *p = ' ';
  f->w.h->log (f->w.c, FETTLE_LOG_WARNING, text);
  return FETTLE_OK;
}

/* ---- opening ---- */

static fettle_result
take_former (void *opaque, const void *data, size_t size)
{
  struct firewall *f = opaque;
  size_t n = strlen (f->former);

  snprintf (f->former + n, sizeof f->former - n, "%.*s", (int) size, (const char *) data);
  return FETTLE_OK;
}

/* It is open for this operation: the time begins anew, and how it was before
 * the first call is what was told then. */
static fettle_result
keep_open (struct firewall *f)
{
  char path[400];
  fettle_result r = write_note (f, "keep", "");

  run_path (&f->run, "told", path);
  if (r == FETTLE_OK)
    r = f->w.smb->read (f->w.c, RUN_SHARE, path, 0, FORMER_MAX - 1, take_former, f);
  return r;
}

/* Until the script says that the rules are open. */
static fettle_result
wait_until_open (struct firewall *f)
{
  fettle_result r;

  for (int i = 0; i < WAIT_S * (1000 / LOOK_MS); i++) {
    if (is_there (f, "opened"))
      return FETTLE_OK;
    r = run_look (&f->run);
    if (r == FETTLE_OK && f->run.state != RUN_RUNNING) {
      run_output (&f->run, 0, 700, say_output, f);
      run_remove (&f->run);
      return fettle_fail (f->w.h, f->w.c, FETTLE_E_REJECTED, "the node's firewall couldn't be opened: its PowerShell ended with "
                          "exit code %lu; open it by hand, or deploy without open_firewall", (unsigned long) f->run.exit);
    }
    if (r == FETTLE_OK)
      r = f->w.h->sleep_ms (f->w.c, LOOK_MS);
    if (r != FETTLE_OK)
      return r;
  }
  return fettle_fail (f->w.h, f->w.c, FETTLE_E_TIMEOUT, "the node's firewall isn't open %d s after PowerShell was started", WAIT_S);
}

static fettle_result
start (struct firewall *f, const char *us)
{
  char variables[1400], order[160];
  size_t n = strlen (win_firewall_ps1) + sizeof variables;
  char *script = malloc (n);
  fettle_result r;

  if (!script)
    return f->w.h->error (f->w.c, FETTLE_E_NOMEM, "no memory for a script");
  snprintf (variables, sizeof variables, "$rules = @(%s)\r\n$us = '%.60s'\r\n$seconds = %u\r\n", f->closed, us,
            (unsigned) win_number (&f->w, "firewall_time", 10800, 7 * 86400));
  snprintf (script, n, "%s%s", variables, win_firewall_ps1);
  r = run_make_folder (&f->run);
  if (r == FETTLE_OK)
    r = write_note (f, "told", f->former);
  if (r == FETTLE_OK)
    r = write_note (f, "firewall.ps1", script);
  free (script);
  snprintf (order, sizeof order, "run powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File firewall.ps1\n");
  return r == FETTLE_OK ? run_launch (&f->run, order) : r;
}

/* An address is put between quotes: nothing else may be. */
static int
is_address (const char *text)
{
  return text && text[0] && strspn (text, "0123456789abcdefABCDEF:.") == strcspn (text, "%");
}

static fettle_result
open_rules (struct firewall *f)
{
  struct fettle_smb_facts facts = { .struct_size = sizeof facts };
  char us[64];
  fettle_result r = f->w.smb->connect (f->w.c, &facts);

  if (r != FETTLE_OK)
    return r;
  if (!is_address (facts.our_address))
    return f->w.h->error (f->w.c, FETTLE_E_UNSUPPORTED, "our own address toward the node isn't known: open its firewall by hand");
  snprintf (us, sizeof us, "%.*s", (int) strcspn (facts.our_address, "%"), facts.our_address);
  r = start (f, us);
  if (r == FETTLE_OK)
    r = wait_until_open (f);
  if (r == FETTLE_OK)
    fettle_say (f->w.h, f->w.c, FETTLE_LOG_INFO, "the node's firewall is open for %s: %s", us, f->closed);
  return r;
}

fettle_result
win_firewall_open (WIN_CALL, uint32_t phases, const char **former)
{
  static char kept[FORMER_MAX + 100]; /* a call has a process of its own */
  static struct firewall f;
  fettle_result r = init (&f, h, c, t);

  (void) phases; /* both need the same */
  *former = NULL;
  if (r == FETTLE_OK)
    r = run_look (&f.run);
  if (r != FETTLE_OK)
    return r;
  if (f.run.state == RUN_RUNNING) {
    r = keep_open (&f);
    if (r == FETTLE_OK)
      r = wait_until_open (&f);
  }
  else {
    r = read_rules (&f);
    if (r == FETTLE_OK && !f.closed[0]) {
      h->log (c, FETTLE_LOG_INFO, "the node's firewall has nothing to open: its rules for SMB and WMI are on, or aren't there");
      return FETTLE_OK;
    }
    if (r == FETTLE_OK)
      r = run_is_possible (&f.w);
    if (r == FETTLE_OK)
      r = open_rules (&f);
  }
  if (r != FETTLE_OK)
    return r;
  snprintf (kept, sizeof kept, "windows 1 %s\n%s", f.run.name, f.former);
  *former = kept;
  return FETTLE_OK;
}

/* ---- restoring ---- */

/* Does the registry say that those rules are off again? */
static fettle_result
look_whether_closed (struct firewall *f, const char *former)
{
  fettle_result r = read_rules (f);
  char name[64];

  for (const char *line = strchr (former, '\n'); r == FETTLE_OK && line && line[1]; line = strchr (line + 1, '\n')) {
    snprintf (name, sizeof name, "'%.*s'", (int) strcspn (line + 1, " \n") % 60, line + 1);
    if (!strstr (f->closed, name))
      fettle_say (f->w.h, f->w.c, FETTLE_LOG_WARNING, "the firewall's rule %s is on, and was off before: somebody else has changed it",
                  name);
  }
  return r;
}

static fettle_result
wait_until_closed (struct firewall *f)
{
  for (int i = 0; i < WAIT_S * (1000 / LOOK_MS); i++) {
    fettle_result r = run_look (&f->run);

    if (r == FETTLE_OK && f->run.state != RUN_RUNNING)
      return r;
    if (r == FETTLE_OK)
      r = f->w.h->sleep_ms (f->w.c, LOOK_MS);
    if (r != FETTLE_OK)
      return r;
  }
  return fettle_fail (f->w.h, f->w.c, FETTLE_E_TIMEOUT, "the node's firewall isn't closed after %d s (service %s)", WAIT_S, f->run.name);
}

static fettle_result
close_rules (struct firewall *f)
{
  fettle_result r = write_note (f, "close", "");

  /* Its process was ended, and the node didn't restart: it begins again, and closes. */
  if (r == FETTLE_OK && (f->run.state == RUN_DEAD || f->run.state == RUN_LOADED) && is_there (f, "former"))
    r = run_launch (&f->run, "run powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File firewall.ps1\n");
  if (r == FETTLE_OK)
    r = wait_until_closed (f);
  /* Gone without a result: the rules may be open still, and the folder is what closes them. */
  if (r == FETTLE_OK && (f->run.state == RUN_DEAD || f->run.state == RUN_LOADED) && is_there (f, "former"))
    return fettle_fail (f->w.h, f->w.c, FETTLE_E_BUSY, "the service %s was ended on the node before it had closed its firewall: it "
                        "does so when it is started again, at the latest with the node", f->run.name);
  if (r == FETTLE_OK && f->run.exit != 0) {
    run_output (&f->run, 0, 700, say_output, f);
    return fettle_fail (f->w.h, f->w.c, FETTLE_E_REJECTED, "the node's firewall couldn't be put back (PowerShell: exit code %lu)",
                        (unsigned long) f->run.exit);
  }
  return r == FETTLE_OK ? run_remove (&f->run) : r;
}

fettle_result
win_firewall_restore (WIN_CALL, const char *former)
{
  static struct firewall f;
  char name[64] = "";
  fettle_result r = init (&f, h, c, t);

  if (r != FETTLE_OK)
    return r;
  if (sscanf (former, "windows 1 %63[a-z0-9-]", name) != 1 || strncmp (name, "fettle-", 7) != 0)
    return fettle_fail (h, c, FETTLE_E_CONFIG, "the former state of the node's firewall can't be read: \"%.100s\"", former);
  run_init (&f.run, &f.w, name);
  f.run.start = SVC_AUTO;
  r = run_look (&f.run);
  if (r == FETTLE_OK && f.run.state != RUN_ABSENT)
    r = close_rules (&f);
  if (r == FETTLE_OK)
    r = look_whether_closed (&f, former);
  if (r == FETTLE_OK)
    h->log (c, FETTLE_LOG_INFO, "what was opened in the node's firewall is closed");
  return r;
}
