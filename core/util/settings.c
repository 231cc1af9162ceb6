/* settings.c - see settings.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>

#include "util/buf.h"
#include "util/file.h"
#include "util/nearest.h"
#include "util/settings.h"
#include "util/text.h"

enum type {
  NUMBER,    /* min .. max */
  TEXT,      /* any text */
  FOLDER,    /* an absolute path */
  FOLDERS,   /* absolute paths, ':' between several */
  ADDRESSES, /* "localhost" or addresses, separated by spaces */
  PEERS,     /* addresses separated by spaces, or none */
  WORD,      /* one of `words` */
  SWITCH,    /* yes or no, however that is said */
};

struct row {
  const char *name;
  enum type type;
  size_t offset;
  uint64_t min, max;
  const char *words;
  const char *initial;     /* NULL: depends on the user, see initial_text */
  const char *environment; /* a variable that goes before the file */
  const char *help;
};

#define AT(member) offsetof (struct fettle_settings, member)
#define DAY 86400

static const struct row table[] = {
  { "port",              NUMBER,    AT (port),              1, 65535,   NULL, "63001", NULL,
    "port of the HTTP listener that nodes pull from" },
  { "ssl_port",          NUMBER,    AT (ssl_port),          1, 65535,   NULL, "63002", NULL,
    "port of the HTTPS listener: commands, browsers, nodes" },
  { "ftp_port",          NUMBER,    AT (ftp_port),          0, 65535,   NULL, "0", NULL,
    "port of the FTP listener; 0: off" },
  { "api_address",       ADDRESSES, AT (api_address),       0, 0,       NULL, "localhost", NULL,
    "where the API listens: localhost, or addresses separated by spaces" },
  { "state_dir",         FOLDER,    AT (state_dir),         0, 0,       NULL, NULL, "FETTLE_STATE_DIR",
    "folder of the store, the certificate, the token and the socket" },
  { "plugindir",         FOLDERS,   AT (plugindir),         0, 0,       NULL, FETTLE_PLUGINDIR,
    "FETTLE_PLUGINDIR", "folders of plugins, ':' between several" },
  { "libexecdir",        FOLDER,    AT (libexecdir),        0, 0,       NULL, FETTLE_LIBEXECDIR,
    "FETTLE_LIBEXECDIR", "folder of fettle-worker and fettle-scan" },
  { "worker_user",       TEXT,      AT (worker_user),       0, 0,       NULL, NULL, NULL,
    "user that workers run as when the service is root" },
  { "workers",           NUMBER,    AT (workers),           1, 4096,    NULL, "64", NULL,
    "operations at the same time" },
  { "worker_memory",     NUMBER,    AT (worker_memory),     64, 65536,  NULL, "512", NULL,
    "MiB of address space of one operation" },
  { "connect_timeout",   NUMBER,    AT (connect_timeout),   1, 600,     NULL, "10", NULL,
    "seconds to wait for a connection to a node" },
  { "read_timeout",      NUMBER,    AT (read_timeout),      1, DAY,     NULL, "60", NULL,
    "seconds to wait for any byte from a node" },
  { "inventory_timeout", NUMBER,    AT (inventory_timeout), 1, DAY,     NULL, "600", NULL,
    "seconds for a whole inventory of a node" },
  { "deploy_timeout",    NUMBER,    AT (deploy_timeout),    1, 7 * DAY, NULL, "7200", NULL,
    "seconds for one component on a node, all calls together" },
  { "unpacked_max",      NUMBER,    AT (unpacked_max),      1, 1 << 24, NULL, "20480", NULL,
    "MiB that components unpacked from archives may take" },
  { "mirror_ca",         TEXT,      AT (mirror_ca),         0, 0,       NULL, "", NULL,
    "PEM file of authorities for https baselines; empty: those of the system" },
  { "host_keys",         WORD,      AT (host_keys),         0, 0,       "tofu strict", "tofu", NULL,
    "unknown SSH host keys: tofu (trust on first use) or strict (refuse)" },
  { "known_hosts",       TEXT,      AT (known_hosts),       0, 0,       NULL, "", NULL,
    "file of known host keys in OpenSSH's format" },
  { "credential_helpers", TEXT,     AT (credential_helpers), 0, 0,      NULL, "", NULL,
    "programs that are asked for credentials, like vault=/usr/local/bin/fettle-vault" },
  { "helper_timeout",    NUMBER,    AT (helper_timeout),    1, 600,     NULL, "30", NULL,
    "seconds that such a program may take" },
  { "open_firewall",     SWITCH,    AT (open_firewall),     0, 0,       NULL, "no", NULL,
    "open the firewall for nodes while they need it: yes or no" },
  { "firewall",          WORD,      AT (firewall),          0, 0,
    "auto nftables firewalld ufw iptables none", "auto", NULL,
    "how holes are made: auto, nftables, firewalld, ufw, iptables or none" },
  { "data_ports",        TEXT,      AT (data_ports),        0, 0,       NULL, "", NULL,
    "ports that downloads move to, like 63010-63041; empty: they stay where they began" },
  { "ftp_data_ports",    TEXT,      AT (ftp_data_ports),    0, 0,       NULL, "63050-63081", NULL,
    "ports of passive FTP; empty: any, which no firewall is opened for" },
  { "max_connections",   NUMBER,    AT (max_connections),   1, 1000000, NULL, "10000", NULL,
    "connections of nodes at the same time, all together" },
  { "node_connections",  NUMBER,    AT (node_connections),  1, 100000,  NULL, "32", NULL,
    "connections of one node at the same time" },
  { "head_size",         NUMBER,    AT (head_size),         1024, 16384, NULL, "16384", NULL,
    "bytes of a node's request without its body" },
  { "head_timeout",      NUMBER,    AT (head_timeout),      1, 600,     NULL, "10", NULL,
    "seconds for a node's TLS handshake, and for a request to come" },
  { "keep_alive",        NUMBER,    AT (keep_alive),        1, DAY,     NULL, "60", NULL,
    "seconds that a node's connection may wait between two requests" },
  { "stall_timeout",     NUMBER,    AT (stall_timeout),     1, DAY,     NULL, "60", NULL,
    "seconds without a byte that a node takes, after which its download ends" },
  { "status_rate",       NUMBER,    AT (status_rate),       1, 1000000, NULL, "20", NULL,
    "status posts a second of one node; ten seconds' worth may come at once" },
  { "download_grace",    NUMBER,    AT (download_grace),    0, DAY,     NULL, "30", NULL,
    "seconds that downloads have to end when the service does" },
  { "browsers",          PEERS,     AT (browsers),          0, 0,       NULL, "", NULL,
    "addresses of other machines whose browsers may come, separated by spaces" },
  { "client_ca",         TEXT,      AT (client_ca),         0, 0,       NULL, "", NULL,
    "PEM file of the authorities whose client certificates the API takes; empty: none" },
  { "client_roles",      TEXT,      AT (client_roles),      0, 0,       NULL, "", NULL,
    "what certificates entitle to, like CN=ops,O=Example: operator; CN=graphs: viewer" },
  { "metrics",           WORD,      AT (metrics),           0, 0,       "no viewer anyone", "no", NULL,
    "who may read /metrics: no one, who has a token of a viewer, or anyone" },
  { "idle_exit",         NUMBER,    AT (idle_exit),         0, DAY,     NULL, "900", NULL,
    "seconds after which an unused service that a command started ends; 0: never" },
  { "audit_log",         TEXT,      AT (audit_log),         0, 0,       NULL, "/dev/log", NULL,
    "socket of the system's log (journald, syslog) that the audit log goes to as well; empty: none" },
  { "allow_unsigned",    SWITCH,    AT (allow_unsigned),    0, 0,       NULL, "no", NULL,
    "use baselines that nobody trusted has signed: yes or no" },
  { "signatures",        NUMBER,    AT (signatures),        1, 64,      NULL, "1", NULL,
    "signatures by different trusted keys that a baseline needs" },
  { "log_level",         WORD,      AT (log_level),         0, 0,       "error warning info debug", "info",
    NULL, "what is logged: error, warning, info or debug" },
};

_Static_assert (COUNT (table) <= 64, "struct fettle_settings has one bit for each row");

static uint64_t *
number_of (const struct fettle_settings *s, const struct row *row)
{
  return (uint64_t *) ((char *) (uintptr_t) s + row->offset);
}

static bool *
switch_of (const struct fettle_settings *s, const struct row *row)
{
  return (bool *) ((char *) (uintptr_t) s + row->offset);
}

static char **
text_of (const struct fettle_settings *s, const struct row *row)
{
  return (char **) ((char *) (uintptr_t) s + row->offset);
}

static const struct row *
find (const char *name)
{
  for (size_t i = 0; i < COUNT (table); i++)
    if (strcmp (table[i].name, name) == 0)
      return &table[i];
  return NULL;
}

/* ---- Values out of text. ---- */

static bool
is_addresses (const char *text)
{
  char one[128];

  if (strcmp (text, "localhost") == 0)
    return true;
  do {
    size_t n = strcspn (text, " ");

    if (n == 0 || n >= sizeof one)
      return false;
    memcpy (one, text, n);
    one[n] = '\0';
    if (!fettle_is_address (one))
      return false;
    text += n;
    text += strspn (text, " ");
  } while (*text);
  return true;
}

/* Empty parts are skipped, as in PATH-like variables that end in ':'. */
static bool
is_folders (const char *text)
{
  for (; *text; text += strcspn (text, ":"), text += *text == ':')
    if (*text != '/' && *text != ':')
      return false;
  return true;
}

/* Is the text a value of this row?  If not, says what one is. */
static fettle_result
check (const struct row *row, const char *value, struct fettle_error *err)
{
  uint64_t number;
  bool on;

  switch (row->type) {
  case NUMBER:
    if (fettle_parse_uint (value, row->min, row->max, &number))
      return FETTLE_OK;
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is %" PRIu64 " to %" PRIu64 ", not \"%s\"",
                             row->name, row->min, row->max, value);
  case FOLDER:
    if (*value == '/')
      return FETTLE_OK;
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is a path that begins with /, not \"%s\"",
                             row->name, value);
  case FOLDERS:
    if (is_folders (value))
      return FETTLE_OK;
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%s is a list of paths that begin with /, ':' between them, not \"%s\"",
                             row->name, value);
  case ADDRESSES:
    if (is_addresses (value))
      return FETTLE_OK;
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "%s is localhost or IP addresses separated by spaces, not \"%s\"",
                             row->name, value);
  case PEERS:
    if (!*value || (strcmp (value, "localhost") != 0 && is_addresses (value)))
      return FETTLE_OK;
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s are IP addresses separated by spaces, not \"%s\"",
                             row->name, value);
  case WORD:
    if (*value && !strchr (value, ' ') && fettle_has_word (row->words, value))
      return FETTLE_OK;
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is one of: %s; not \"%s\"", row->name,
                             row->words, value);
  case SWITCH:
    if (fettle_parse_bool (value, &on))
      return FETTLE_OK;
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is yes or no, not \"%s\"", row->name, value);
  case TEXT:
    break;
  }
  return FETTLE_OK;
}

/* Takes a checked value. */
static fettle_result
assign (struct fettle_settings *s, const struct row *row, const char *value,
        struct fettle_error *err)
{
  fettle_result r = check (row, value, err);
  char *copy;

  if (r)
    return r;
  if (row->type == NUMBER) {
    fettle_parse_uint (value, row->min, row->max, number_of (s, row));
    return FETTLE_OK;
  }
  if (row->type == SWITCH) {
    fettle_parse_bool (value, switch_of (s, row));
    return FETTLE_OK;
  }
  copy = strdup (value);
  if (!copy)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for the setting %s", row->name);
  free (*text_of (s, row));
  *text_of (s, row) = copy;
  return FETTLE_OK;
}

static void
mark_set (struct fettle_settings *s, const struct row *row)
{
  s->set |= (uint64_t) 1 << (row - table);
}

/* ---- Initial values. ---- */

/* Of an ordinary user: an XDG folder, or the usual one below the home. */
static bool
user_folder (const char *variable, const char *below_home, char ret_path[PATH_MAX])
{
  const char *base = getenv (variable), *home = getenv ("HOME");
  int n;

  if (base && *base == '/')
    n = snprintf (ret_path, PATH_MAX, "%s/fettle", base);
  else {
    if (!home || *home != '/') {
      const struct passwd *user = getpwuid (geteuid ());

      home = user ? user->pw_dir : NULL;
    }
    if (!home || *home != '/')
      return false;
    n = snprintf (ret_path, PATH_MAX, "%s/%s/fettle", home, below_home);
  }
  return n > 0 && n < PATH_MAX;
}

/* What the row is when nobody sets it; NULL when that can't be known. */
static const char *
initial_text (const struct row *row, char buffer[PATH_MAX])
{
  bool root = geteuid () == 0;

  if (row->initial)
    return row->initial;
  if (row->offset == AT (worker_user))
    return root ? "nobody" : "";
  if (root)
    return FETTLE_STATEDIR;
  return user_folder ("XDG_STATE_HOME", ".local/state", buffer) ? buffer : NULL;
}

static const char *
from_environment (const struct row *row)
{
  const char *value = row->environment ? getenv (row->environment) : NULL;

  return value && *value ? value : NULL;
}

static fettle_result
init_row (struct fettle_settings *s, const struct row *row, struct fettle_error *err)
{
  const char *value = from_environment (row);
  char buffer[PATH_MAX];
  fettle_result r;

  if (value) {
    mark_set (s, row);
    r = assign (s, row, value, err);
    return r ? fettle_error_prefix (err, "environment variable %s: ", row->environment) : r;
  }
  value = initial_text (row, buffer);
  if (!value)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "there is no place for Fettle's state: HOME isn't set; set "
                             "FETTLE_STATE_DIR to a folder");
  return assign (s, row, value, err);
}

fettle_result
fettle_settings_init (struct fettle_settings *s, struct fettle_error *err)
{
  memset (s, 0, sizeof *s);
  for (size_t i = 0; i < COUNT (table); i++)
    if (init_row (s, &table[i], err)) {
      fettle_settings_clear (s);
      return err->code;
    }
  return FETTLE_OK;
}

/* ---- The file. ---- */

static fettle_result
unknown (const char *name, struct fettle_error *err)
{
  struct fettle_nearest near = FETTLE_NEAREST_INIT (name);

  for (size_t i = 0; i < COUNT (table); i++)
    fettle_nearest_try (&near, table[i].name);
  return fettle_error_set (err, FETTLE_E_CONFIG, "there is no setting \"%s\"%s%s%s", name,
                           near.best ? "; did you mean \"" : "", near.best ? near.best : "",
                           near.best ? "\"?" : "");
}

/* libconfig's number, string or truth as text: one way of checking for all sources. */
static const char *
value_text (const struct row *row, const config_setting_t *entry, char buffer[32])
{
  switch (config_setting_type (entry)) {
  case CONFIG_TYPE_INT:
  case CONFIG_TYPE_INT64:
    snprintf (buffer, 32, "%lld", config_setting_get_int64 (entry));
    return buffer;
  case CONFIG_TYPE_BOOL:
    if (row->type != SWITCH)
      return NULL;
    return config_setting_get_bool (entry) ? "yes" : "no";
  case CONFIG_TYPE_STRING:
    return config_setting_get_string (entry);
  default:
    return NULL;
  }
}

static fettle_result
read_entry (struct fettle_settings *s, const config_setting_t *entry, struct fettle_error *err)
{
  const char *name = config_setting_name (entry), *value;
  const struct row *row = find (name);
  char buffer[32];

  if (!row)
    return unknown (name, err);
  value = value_text (row, entry, buffer);
  if (!value)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s is %s", name,
                             row->type == NUMBER   ? "a number"
                             : row->type == SWITCH ? "true or false"
                                                   : "a text in \"quotes\"");
  if (from_environment (row))
    return check (row, value, err);
  if (!assign (s, row, value, err))
    mark_set (s, row);
  return err->code;
}

static fettle_result
read_entries (struct fettle_settings *s, const config_t *config, const char *path,
              struct fettle_error *err)
{
  const config_setting_t *root = config_root_setting (config);
  int n = config_setting_length (root);

  for (int i = 0; i < n; i++) {
    const config_setting_t *entry = config_setting_get_elem (root, (unsigned) i);
    const char *file = config_setting_source_file (entry);

    err->code = FETTLE_OK;
    if (read_entry (s, entry, err))
      return fettle_error_prefix (err, "%s:%u: ", file ? file : path,
                                  config_setting_source_line (entry));
  }
  return FETTLE_OK;
}

static fettle_result
read_text (struct fettle_settings *s, const char *path, const char *text, struct fettle_error *err)
{
  _cleanup_free_ char *folder = strdup (path);
  fettle_result r;
  config_t config;

  config_init (&config);
  if (folder)
    config_set_include_dir (&config, dirname (folder)); /* not the working folder */
  if (config_read_string (&config, text))
    r = read_entries (s, &config, path, err);
  else {
    const char *file = config_error_file (&config);

    r = fettle_error_set (err, FETTLE_E_CONFIG, "%s:%d: %s; a line is: name = value;",
                          file ? file : path, config_error_line (&config),
                          config_error_text (&config));
  }
  config_destroy (&config);
  return r;
}

/* The usual file; false when there is none. */
static bool
usual_file (char ret_path[PATH_MAX])
{
  if (geteuid () == 0)
    snprintf (ret_path, PATH_MAX, "%s/fettle.conf", FETTLE_SYSCONFDIR);
  else {
    char folder[PATH_MAX];

    if (!user_folder ("XDG_CONFIG_HOME", ".config", folder)
        || snprintf (ret_path, PATH_MAX, "%s/fettle.conf", folder) >= PATH_MAX)
      return false;
  }
  return access (ret_path, F_OK) == 0;
}

fettle_result
fettle_settings_read (struct fettle_settings *s, const char *path, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (1 << 20);
  char usual[PATH_MAX];

  if (!path) {
    if (!usual_file (usual))
      return FETTLE_OK;
    path = usual;
  }
  if (fettle_file_read (path, &text, err))
    return err->code;
  if (strlen (fettle_buf_text (&text)) != text.size)
    return fettle_error_set (err, FETTLE_E_CONFIG, "%s isn't a text file", path);
  return read_text (s, path, fettle_buf_text (&text), err);
}

/* ---- One at a time, all, none. ---- */

fettle_result
fettle_settings_set (struct fettle_settings *s, const char *name, const char *value,
                     struct fettle_error *err)
{
  const struct row *row = find (name);
  fettle_result r = row ? assign (s, row, value, err) : unknown (name, err);

  if (!r)
    mark_set (s, row);
  return r;
}

bool
fettle_settings_is_set (const struct fettle_settings *s, const char *name)
{
  const struct row *row = find (name);

  return row && s->set >> (row - table) & 1;
}

void
fettle_settings_each (const struct fettle_settings *s,
                      void (*f) (void *arg, const char *name, const char *value,
                                 const char *initial, const char *help),
                      void *arg)
{
  for (size_t i = 0; i < COUNT (table); i++) {
    const struct row *row = &table[i];
    char buffer[PATH_MAX], number[32];
    const char *initial = initial_text (row, buffer), *value = number;

    if (row->type == NUMBER)
      snprintf (number, sizeof number, "%" PRIu64, *number_of (s, row));
    else if (row->type == SWITCH)
      value = *switch_of (s, row) ? "yes" : "no";
    else
      value = *text_of (s, row);
    f (arg, row->name, value, initial ? initial : "", row->help);
  }
}

void
fettle_settings_clear (struct fettle_settings *s)
{
  for (size_t i = 0; i < COUNT (table); i++)
    if (table[i].type != NUMBER && table[i].type != SWITCH)
      free (*text_of (s, &table[i]));
  memset (s, 0, sizeof *s);
}
