/* sum-table.c - SUM's parameters and keys, and what Fettle does about each.
 * SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <ctype.h>

#include "cli/sum.h"
#include "util/text.h"

#define FLAG FETTLE_SUM_FLAG, FETTLE_SUM_RUN
#define TEXT FETTLE_SUM_TEXT, FETTLE_SUM_RUN
#define LIST FETTLE_SUM_LIST, FETTLE_SUM_RUN
#define NUMBER FETTLE_SUM_NUMBER, FETTLE_SUM_RUN
#define NODE_FLAG FETTLE_SUM_FLAG, FETTLE_SUM_NODE
#define NODE_TEXT FETTLE_SUM_TEXT, FETTLE_SUM_NODE
#define DOES NULL, NULL, true
#define IDLE NULL, NULL, false

const struct fettle_sum_row fettle_sum_table[] = {
  /* Ways to run. */
  { "help", "h", "?", NULL, NULL, FLAG, DOES, "prints this list", NULL },
  { "silent", "s", NULL, NULL, "SILENT", FLAG, DOES,
    "a run without questions; so is every line that asks for more than the service", NULL },
  { "inputfile", NULL, NULL, "FILE", NULL, TEXT, DOES,
    "reads an input file; what the command line says goes before it", "@input" },
  { "dryrun", NULL, NULL, NULL, "DRYRUN", FLAG, DOES,
    "inventories, prints the plan, and changes nothing: 0 something to do, 3 nothing", NULL },
  { "express_install", NULL, NULL, NULL, NULL, FLAG, IDLE,
    "nothing: a run never asks anything", NULL },
  { "port", NULL, NULL, "N", NULL, NUMBER, DOES, "port of the HTTP listener for nodes", "@port" },
  { "ssl_port", NULL, NULL, "N", NULL, NUMBER, DOES, "port of the HTTPS listener", "@ssl_port" },
  { "ftp_port", NULL, NULL, "N", NULL, NUMBER, DOES, "port of the FTP listener; 0: off", "0" },
  { "open_firewall", NULL, NULL, NULL, NULL, FLAG, DOES,
    "opens firewalls, ours and the nodes', while a job needs it", NULL },
  { "overridedb", NULL, NULL, NULL, NULL, FLAG, IDLE, "nothing: the store is kept", NULL },

  /* Components. */
  { "use_location", NULL, NULL, "DIR", "SOURCEPATH", TEXT, DOES,
    "the baseline: a folder, an image or an archive, read anew; signed or not", "@baseline" },
  { "component", "c", NULL, "FILE", NULL, LIST, DOES,
    "only this component, and it is installed where it is missing too; may be repeated", "@component" },
  { "bundle", "b", NULL, "FILE", NULL, TEXT, DOES,
    "without /use_location, the folder of this bundle is the baseline", "@bundle" },
  { "romonly", NULL, NULL, NULL, "ROMONLY", FLAG, DOES, "only firmware", NULL },
  { "softwareonly", NULL, NULL, NULL, "SOFTWAREONLY", FLAG, DOES,
    "only drivers, packages and operating systems", NULL },
  { "force", "f", NULL, "rom|software|bundle|all", NULL, FETTLE_SUM_FORCE, FETTLE_SUM_RUN, DOES,
    "installs the same and lower versions too; :rom of firmware, :software of all else, :bundle and :all of both",
    "all" },
  { NULL, NULL, NULL, NULL, "FORCEALL", FLAG, "force", "all", true, "as /f:all", NULL },
  { NULL, NULL, NULL, NULL, "FORCEROM", FLAG, "force", "rom", true, "as /f:rom", NULL },
  { NULL, NULL, NULL, NULL, "FORCESOFTWARE", FLAG, "force", "software", true, "as /f:software", NULL },
  { NULL, NULL, NULL, NULL, "FORCEBUNDLE", FLAG, "force", "bundle", true, "as /f:bundle", NULL },
  { "rewrite", NULL, "e", NULL, "REWRITE", FLAG, DOES, "installs the same version again too", NULL },
  { "downgrade", NULL, "g", NULL, "DOWNGRADE", FLAG, DOES, "installs lower versions too", NULL },
  { "use_latest", NULL, NULL, NULL, "USELATEST", FLAG, IDLE,
    "nothing: the highest version is always the one that is offered", NULL },
  { "allow_update_to_bundle", NULL, NULL, NULL, NULL, FLAG, IDLE,
    "nothing: bundles do not restrict what is offered", NULL },
  { "allow_non_bundle_components", NULL, NULL, NULL, NULL, FLAG, IDLE,
    "nothing: what lies in the folder is offered", NULL },
  { "use_web", NULL, NULL, NULL, NULL, FLAG, IDLE,
    "nothing: a baseline is a folder or a file, fetched by other means", NULL },
  { "use_downloaded", NULL, NULL, NULL, NULL, FLAG, IDLE, "nothing, as /use_web", NULL },
  { "use_proxy", NULL, NULL, "PROXY", NULL, TEXT, IDLE, "nothing, as /use_web", "proxy:8080" },
  { "proxy_script", NULL, NULL, "URL", NULL, TEXT, IDLE, "nothing, as /use_web", "http://proxy/pac" },

  /* What may be done, and what of it stops a run. */
  { "tpmbypass", NULL, NULL, NULL, "TPMBYPASS", FLAG, DOES,
    "updates firmware also where a TPM or encryption guards it", NULL },
  { "ignore_tpm", NULL, NULL, NULL, "IGNORETPM", FLAG, "tpmbypass", NULL, true, "as /tpmbypass", NULL },
  { "ignore_warnings", NULL, NULL, NULL, "IGNOREWARNINGS", FLAG, IDLE,
    "nothing: warnings do not stop a run; errors do", NULL },
  { "on_failed_dependency", NULL, NULL, "OmitHost|OmitComponent|Force|Omit_Host|Omit_Component",
    "ONFAILEDDEPENDENCY", TEXT, DOES,
    "leaves out the whole node (without it too), the component, or nothing", "OmitComponent" },
  { "continue_on_error", NULL, NULL, "ServerNotFound|BadPassword|FailedDependencies", "IGNOREERRORS",
    LIST, DOES,
    "goes on without nodes that don't answer or refuse the login; may be repeated", "ServerNotFound" },
  { NULL, NULL, NULL, NULL, "SKIPTARGET", FLAG, "continue_on_error", "ServerNotFound", true,
    "as /continue_on_error ServerNotFound", NULL },
  { "skip_ilo", NULL, NULL, NULL, NULL, FLAG, DOES, "leaves out nodes of the type ilo", NULL },
  { "override_existing_connection", NULL, NULL, NULL, NULL, FLAG, IDLE,
    "nothing: a node has no connection that another one is in the way of", NULL },
  { "mutual", "m", NULL, NULL, NULL, FLAG, IDLE, "nothing: shared storage is not looked for", NULL },
  { "use_snmp", NULL, NULL, NULL, NULL, FLAG, IDLE, "nothing: management agents are not chosen for you", NULL },
  { "use_wmi", NULL, NULL, NULL, NULL, FLAG, IDLE, "nothing, as /use_snmp", NULL },
  { "use_ams", NULL, NULL, NULL, NULL, FLAG, IDLE, "nothing, as /use_snmp", NULL },
  { "no_mgmt", NULL, NULL, NULL, NULL, FLAG, IDLE, "nothing, as /use_snmp", NULL },
  { NULL, NULL, NULL, NULL, "NO_APP_ACCOUNT", FLAG, IDLE, "nothing: no accounts are made on nodes", NULL },
  { "partition_only", NULL, NULL, NULL, NULL, FLAG, IDLE, "nothing: of Integrity servers", NULL },
  { "oa_name", NULL, NULL, "NAME", NULL, TEXT, IDLE, "nothing: of Integrity servers", "oa1" },

  /* Nodes. */
  { "target", NULL, NULL, "ADDRESS", "HOST TARGET", NODE_TEXT, DOES,
    "a node, which is added if it isn't known; may be repeated. Without any, the node localhost", "@target" },
  { "targettype", NULL, NULL, "TYPE", "TARGETTYPE", NODE_TEXT, DOES,
    "its type, as fettle plugin list has it; without it, found out", "linux" },
  { "username", NULL, "user", "USER", "UID USERNAME", NODE_TEXT, DOES, "who to log in as", "root" },
  { "password", NULL, "passwd", "PASSWORD", "PWD PASSWORD", NODE_TEXT, DOES,
    "the password; others on this machine can see it on a command line", "@password" },
  { "current_credential", NULL, NULL, NULL, "USECURRENTCREDENTIAL", NODE_FLAG, DOES,
    "logs in as you, with the keys of your SSH agent or of ~/.ssh", NULL },
  { "use_sudo", NULL, NULL, NULL, NULL, NODE_FLAG, DOES,
    "the password is sudo's too; a user who isn't root works through sudo anyway", NULL },
  { "oa_username", NULL, NULL, "USER", NULL, NODE_TEXT, DOES,
    "the node's second user, of what is behind it: an enclosure's manager, a file server", "admin" },
  { "oa_password", NULL, NULL, "PASSWORD", NULL, NODE_TEXT, DOES,
    "the second user's password; others on this machine can see it on a command line", "@password" },
  { "group", NULL, NULL, "GROUP", NULL, TEXT, DOES, "the nodes of this group, as fettle group list has it",
    "@group" },

  /* Restarts. */
  { "reboot", "r", NULL, NULL, "REBOOTALLOWED", FLAG, DOES, "restarts nodes that need it", NULL },
  { "reboot_always", NULL, NULL, NULL, NULL, FLAG, DOES, "restarts nodes whatever they need", NULL },
  { "reboot_delay", NULL, NULL, "SECONDS", "REBOOTDELAY", NUMBER, DOES,
    "waits before a restart, 0 to 3600", "15" },
  { "reboot_message", NULL, NULL, "TEXT", "REBOOTMESSAGE", TEXT, DOES,
    "tells users of the node why it restarts", "Updates" },

  /* Logs and reports. */
  { "logdir", NULL, NULL, "DIR", "LOGFILENAME", TEXT, DOES,
    "logs go to DIR/sum/log/NODE instead of /var/log/sum/NODE", "@logdir" },
  { "verbose", "v", NULL, NULL, NULL, FLAG, DOES, "tells on stderr what goes on", NULL },
  { "veryverbose", "veryv", NULL, NULL, NULL, FLAG, "verbose", NULL, true, "as /verbose", NULL },
  { "report", NULL, NULL, NULL, "REPORT", FLAG, DOES,
    "writes SUM_deploy_preview_Report: what a run would do; nothing is deployed", NULL },
  { "inventory_report", NULL, NULL, NULL, "INVENTORY_REPORT", FLAG, DOES,
    "writes SUM_inventory_Report: what the baseline has; nothing is deployed", NULL },
  { "firmware_report", NULL, NULL, NULL, "FIRMWARE_REPORT", FLAG, DOES,
    "writes SUM_firmware_Report: the nodes' firmware; nothing is deployed", NULL },
  { "dependency_report", NULL, NULL, NULL, "DEPENDENCY_REPORT", FLAG, DOES,
    "writes SUM_dependency_Report: what lacks something that it needs; nothing is deployed", NULL },
  { "installed_report", NULL, NULL, NULL, "INSTALLED_REPORT", FLAG, DOES,
    "writes SUM_installed_Report: all that is on the nodes; nothing is deployed", NULL },
  { "combined_report", NULL, NULL, NULL, "COMBINED_REPORT", FLAG, DOES, "writes all of these reports", NULL },
  { "reportdir", NULL, NULL, "DIR", "REPORTDIR", TEXT, DOES,
    "reports go there instead of the folder of the logs", "@reportdir" },
  { NULL, NULL, NULL, NULL, NULL, FLAG, DOES, NULL, NULL },
};

const char *
fettle_sum_member (const struct fettle_sum_row *row)
{
  return row->member ? row->member : row->name ? row->name : row->keys;
}

static bool
same (const char *name, const char *word, size_t size)
{
  return name && strlen (name) == size && strncasecmp (name, word, size) == 0;
}

const struct fettle_sum_row *
fettle_sum_find (const char *word, size_t size)
{
  const struct fettle_sum_row *row;

  for (row = fettle_sum_table; row->does; row++)
    if (same (row->name, word, size) || same (row->other, word, size))
      return row;
  for (row = fettle_sum_table; row->does; row++)
    if (row->brief && size >= strlen (row->brief) && size < strlen (row->name)
        && strncasecmp (row->name, word, size) == 0)
      return row;
  return NULL;
}

const struct fettle_sum_row *
fettle_sum_find_key (const char *key, enum fettle_sum_place place)
{
  char upper[64];
  size_t n = 0;

  for (; key[n] && n < sizeof upper - 1; n++)
    upper[n] = (char) toupper ((unsigned char) key[n]);
  upper[n] = '\0';
  for (const struct fettle_sum_row *row = fettle_sum_table; row->does && n && !strchr (upper, ' '); row++)
    if (row->place == place && row->keys && fettle_has_word (row->keys, upper))
      return row;
  return NULL;
}

/* ---- Help and documentation ---- */

/* "/s[ilent]", "/f[orce][:rom|...]", "/rewrite, /e" */
static void
usage_of (const struct fettle_sum_row *row, char *ret, size_t size)
{
  size_t n = row->brief ? strlen (row->brief) : 0;
  bool force = row->kind == FETTLE_SUM_FORCE;
  char name[80];

  if (!row->name) {
    ret[0] = '\0';
    return;
  }
  if (n)
    snprintf (name, sizeof name, "/%s[%s]", row->brief, row->name + n);
  else
    snprintf (name, sizeof name, "/%s", row->name);
  snprintf (ret, size, "%s%s%s%s%s%s%s", name, row->other ? ", /" : "", row->other ? row->other : "",
            !row->argument ? "" : force ? "[:" : " ", row->argument ? row->argument : "",
            force ? "]" : "", "");
}

void
fettle_sum_help (FILE *f)
{
  fputs ("Usage: smartupdate [PARAMETER...]      run as the parameters say, without questions\n"
         "       smartupdate [/port N] [/ssl_port N] [/ftp_port N] [/open_firewall]\n"
         "                                       start the service\n"
         "       smartupdate COMMAND ...         one of SUM's console commands\n"
         "       smartupdate -v                  print the version\n"
         "A parameter begins with /, - or --, in capital or small letters.\n\n", f);
  for (const struct fettle_sum_row *row = fettle_sum_table; row->does; row++) {
    char usage[200];

    usage_of (row, usage, sizeof usage);
    if (*usage)
      fprintf (f, "%s%s%s%s%s\n      %s\n", usage, row->keys ? "   (in input files: " : "",
               row->keys ? row->keys : "", row->keys ? ")" : "", row->effect ? "" : "   no effect",
               row->does);
    else
      fprintf (f, "%s   (in input files alone)%s\n      %s\n", row->keys,
               row->effect ? "" : "   no effect", row->does);
  }
  fputs ("\nExit codes: 0 done, 1 done and a restart is needed, 3 nothing needed to be done,\n"
         "252 a console command failed, 253 a component failed or was left out,\n"
         "254 bad parameter or input file, 255 another failure.\n", f);
}

/* '|' would end a cell. */
static void
cell (FILE *f, const char *text)
{
  for (; *text; text++)
    fprintf (f, *text == '|' ? "\\%c" : "%c", *text);
}

void
fettle_sum_markdown (FILE *f)
{
  fputs ("| parameter | in input files | what Fettle does |\n|---|---|---|\n", f);
  for (const struct fettle_sum_row *row = fettle_sum_table; row->does; row++) {
    char usage[200];

    usage_of (row, usage, sizeof usage);
    fputs ("| ", f);
    if (*usage) {
      fputc ('`', f);
      cell (f, usage);
      fputc ('`', f);
    }
    fprintf (f, " | %s%s%s | ", row->keys ? "`" : "", row->keys ? row->keys : "", row->keys ? "`" : "");
    cell (f, row->does);
    fputs (" |\n", f);
  }
}

void
fettle_sum_rows (FILE *f)
{
  static const char *const kinds[] = { "flag", "text", "list", "number", "force" };

  for (const struct fettle_sum_row *row = fettle_sum_table; row->does; row++)
    fprintf (f, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row->name ? row->name : "-",
             row->brief ? row->brief : "-", row->other ? row->other : "-", row->keys ? row->keys : "-",
             kinds[row->kind], row->place == FETTLE_SUM_NODE ? "node" : "run",
             row->effect ? "does" : "idle", row->example ? row->example : "-");
}
