/* powershell.c - stands for PowerShell on an emulated Windows node, as far as
 * the plugin's firewall.ps1 goes: Wine's own does nothing and says that all is
 * well. Reads the lines before the script ($rules, $us, $seconds), does with
 * files what the script does, and notes in C:\node\firewall what it would have
 * done to the firewall; the registry learns of it by C:\node\import.reg.
 *
 *   open NAME ADDRESS     Set-NetFirewallRule -Name NAME -RemoteAddress ADDRESS -Enabled True
 *   shut NAME             the same, off, with the addresses that it had
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES "SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"

static char rules[32][64];
static unsigned n_rules;

static void
touch (const char *name, const char *text)
{
  FILE *f = fopen (name, "w");

  if (f) {
    fputs (text, f);
    fclose (f);
  }
}

static int
is_there (const char *name)
{
  return GetFileAttributesA (name) != INVALID_FILE_ATTRIBUTES;
}

/* 'A','B' */
static void
read_rules (char *line)
{
  char *name;

  for (name = strtok (line, "'"); name && n_rules < 32; name = strtok (NULL, "'"))
    if (strchr (name, '-'))
      snprintf (rules[n_rules++], sizeof rules[0], "%s", name);
}

static void
set (const char *verb, const char *us, const char *active)
{
  FILE *f = fopen ("C:\\node\\firewall", "a"), *reg = fopen ("C:\\node\\import.new", "w");
  unsigned i;

  if (reg)
    fprintf (reg, "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\" RULES "]\r\n");
  for (i = 0; i < n_rules; i++) {
    if (f)
      fprintf (f, "%s %s%s%s\n", verb, rules[i], *us ? " " : "", us);
    if (reg)
      fprintf (reg, "\"%s\"=\"v2.31|Action=Allow|Active=%s|Dir=In|Protocol=6|\"\r\n", rules[i], active);
  }
  if (f)
    fclose (f);
  if (reg) {
    fprintf (reg, "\r\n");
    fclose (reg);
  }
  MoveFileExA ("C:\\node\\import.new", "C:\\node\\import.reg", MOVEFILE_REPLACE_EXISTING);
}

int
main (void)
{
  char line[4096], us[64] = "";
  unsigned long seconds = 0, n;
  FILE *f = fopen ("firewall.ps1", "r");

  if (!f || is_there ("C:\\node\\powershell-fails")) {
    puts ("Set-NetFirewallRule : Access is denied.");
    return 1;
  }
  while (fgets (line, sizeof line, f)) {
    if (!strncmp (line, "$rules = @(", 11))
      read_rules (line + 11);
    sscanf (line, "$us = '%63[^']'", us);
    sscanf (line, "$seconds = %lu", &seconds);
  }
  fclose (f);
  if (!is_there ("former"))
    touch ("former", "as they were\n");
  set ("open", us, "TRUE");
  touch ("opened", us);
  for (n = 0; n < seconds * 10 && !is_there ("close"); n++) {
    if (is_there ("keep") && DeleteFileA ("keep"))
      n = 0;
    Sleep (100);
  }
  set ("shut", "", "FALSE");
  return 0;
}
