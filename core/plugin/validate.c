/* validate.c - copy a plugin's descriptor and check all of it.
 *
 * The plugin may have been built against an older or a newer header: nothing
 * of it is read but through the sizes and strides that it states.  The first
 * thing wrong ends the check, with one sentence that its author can act on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <inttypes.h>

#include "plugin/load.h"
#include "util/text.h"

enum {
  MAX_STRUCT = 4096, /* bytes: a larger size is nonsense, not a newer header */
  MAX_TYPES = 64,
  MAX_PORTS = 256,
  MAX_SETTINGS = 64,
  MAX_NAME = 32,
  MAX_TITLE = 48,
  MAX_LINE = 160,
};

/* Flag bits that a plugin may demand: none is known yet. */
#define MUST_UNDERSTAND 0xffff0000u
#define KNOWN_FLAGS     0u

#define SIZE_THROUGH(type, member) (offsetof (type, member) + sizeof (((type *) 0)->member))

/* ---- Texts. ---- */

/* [a-z][a-z0-9]* with this separator inside, too. */
static bool
is_name (const char *text, char separator)
{
  size_t n;

  if (!text || *text < 'a' || *text > 'z')
    return false;
  for (n = 1; text[n]; n++)
    if (!(text[n] >= 'a' && text[n] <= 'z') && !(text[n] >= '0' && text[n] <= '9')
        && text[n] != separator)
      return false;
  return n <= MAX_NAME;
}

/* One non-empty line of UTF-8. */
static bool
is_line (const char *text, size_t max)
{
  _cleanup_json_ json_t *utf8 = NULL;

  if (!text || !*text || strnlen (text, max + 1) > max)
    return false;
  for (const char *p = text; *p; p++)
    if ((unsigned char) *p < ' ' || *p == 0x7f)
      return false;
  utf8 = json_string (text); /* NULL if it isn't UTF-8 */
  return utf8;
}

static fettle_result
bad (struct fettle_error *err, const char *what)
{
  return fettle_error_set (err, FETTLE_E_CONFIG, "%s", what);
}

/* ---- Ports. ---- */

static fettle_result
check_to_target (const struct fettle_port *p, struct fettle_error *err)
{
  if (p->listener != FETTLE_LISTEN_NONE)
    return bad (err, "a port to the target has no listener of ours");
  if (p->first == 0 || p->last == 0)
    return bad (err, "a port to the target is a number from 1 to 65535");
  if (p->first > p->last)
    return bad (err, "the range begins after its end");
  return FETTLE_OK;
}

static fettle_result
check_from_target (const struct fettle_port *p, struct fettle_error *err)
{
  if (p->listener < FETTLE_LISTEN_HTTP || p->listener > FETTLE_LISTEN_FTP)
    return bad (err, "a port from the target is one of our listeners: FETTLE_LISTEN_HTTP, "
                     "FETTLE_LISTEN_HTTPS or FETTLE_LISTEN_FTP");
  if (p->first || p->last)
    return bad (err, "a port from the target has no number: only the configuration knows it");
  if (p->protocol != FETTLE_TCP)
    return bad (err, "our listeners are TCP");
  return FETTLE_OK;
}

static fettle_result
check_port (const struct fettle_port *p, struct fettle_error *err)
{
  if (!p->phases || p->phases & ~FETTLE_BOTH)
    return bad (err, "phases are FETTLE_INVENTORY, FETTLE_DEPLOYMENT or FETTLE_BOTH");
  if (p->protocol != FETTLE_TCP && p->protocol != FETTLE_UDP)
    return bad (err, "the protocol is FETTLE_TCP or FETTLE_UDP");
  if (p->flags & MUST_UNDERSTAND & ~KNOWN_FLAGS)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "flags 0x%" PRIx32 " are from a newer Fettle and can't be ignored",
                             p->flags & MUST_UNDERSTAND);
  if (!is_line (p->purpose, MAX_LINE))
    return bad (err, "the purpose is a line of 1 to 160 bytes");
  if (p->direction == FETTLE_TO_TARGET)
    return check_to_target (p, err);
  if (p->direction == FETTLE_FROM_TARGET)
    return check_from_target (p, err);
  return bad (err, "the direction is FETTLE_TO_TARGET or FETTLE_FROM_TARGET");
}

static bool
is_same_port (const struct fettle_port *a, const struct fettle_port *b)
{
  return a->direction == b->direction && a->protocol == b->protocol && a->listener == b->listener
         && a->first == b->first && a->last == b->last && a->phases & b->phases;
}

static fettle_result
check_ports (const struct fettle_node_type *type, struct fettle_error *err)
{
  for (uint32_t i = 0; i < type->n_ports; i++) {
    if (check_port (&type->ports[i], err))
      return fettle_error_prefix (err, "port row %" PRIu32 ": ", i + 1);
    for (uint32_t j = 0; j < i; j++)
      if (is_same_port (&type->ports[j], &type->ports[i]))
        return fettle_error_set (err, FETTLE_E_CONFIG,
                                 "port row %" PRIu32 ": row %" PRIu32 " declares the same", i + 1,
                                 j + 1);
  }
  return FETTLE_OK;
}

/* ---- Settings. ---- */

static bool
declares_tcp (const struct fettle_node_type *type, uint32_t port)
{
  for (uint32_t i = 0; i < type->n_ports; i++) {
    const struct fettle_port *p = &type->ports[i];

    if (p->direction == FETTLE_TO_TARGET && p->protocol == FETTLE_TCP && p->first == port
        && p->last == port)
      return true;
  }
  return false;
}

static fettle_result
check_initial (const struct fettle_setting *s, struct fettle_error *err)
{
  uint64_t number;

  if (!s->initial)
    return FETTLE_OK;
  switch (s->type) {
  case FETTLE_SETTING_TEXT:
    return !*s->initial || is_line (s->initial, MAX_LINE)
             ? FETTLE_OK : bad (err, "the initial value is a line of at most 160 bytes");
  case FETTLE_SETTING_UINT:
    return fettle_parse_uint (s->initial, 0, UINT64_MAX, &number)
             ? FETTLE_OK : bad (err, "the initial value isn't a number");
  case FETTLE_SETTING_BOOL:
    return strcmp (s->initial, "yes") == 0 || strcmp (s->initial, "no") == 0
             ? FETTLE_OK : bad (err, "the initial value is \"yes\" or \"no\"");
  default:
    return fettle_parse_uint (s->initial, 1, 65535, &number)
             ? FETTLE_OK : bad (err, "the initial value is a port from 1 to 65535");
  }
}

static fettle_result
check_setting (const struct fettle_node_type *type, const struct fettle_setting *s,
               struct fettle_error *err)
{
  if (s->type < FETTLE_SETTING_TEXT || s->type > FETTLE_SETTING_PORT)
    return bad (err, "its type isn't known: a FETTLE_SETTING_ of a newer Fettle?");
  if (s->type == FETTLE_SETTING_PORT && !declares_tcp (type, s->moves))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it moves TCP port %" PRIu32 " of the target, which isn't declared",
                             s->moves);
  if (s->type != FETTLE_SETTING_PORT && s->moves)
    return bad (err, "only a setting of type FETTLE_SETTING_PORT moves a port");
  if (!is_line (s->help, MAX_LINE))
    return bad (err, "the help is a line of 1 to 160 bytes");
  return check_initial (s, err);
}

static fettle_result
check_settings (const struct fettle_node_type *type, struct fettle_error *err)
{
  for (uint32_t i = 0; i < type->n_settings; i++) {
    const struct fettle_setting *s = &type->settings[i];

    if (!is_name (s->name, '_'))
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "setting %" PRIu32 ": the name is [a-z][a-z0-9_]*, at most 32 long",
                               i + 1);
    if (check_setting (type, s, err))
      return fettle_error_prefix (err, "setting %s: ", s->name);
    for (uint32_t j = 0; j < i; j++) {
      if (strcmp (type->settings[j].name, s->name) == 0)
        return fettle_error_set (err, FETTLE_E_CONFIG, "setting %s is there twice", s->name);
      if (s->moves && type->settings[j].moves == s->moves)
        return fettle_error_set (err, FETTLE_E_CONFIG, "setting %s: %s moves the same port",
                                 s->name, type->settings[j].name);
    }
  }
  return FETTLE_OK;
}

/* ---- Services. ---- */

/* "name/version" words, each one space apart. */
static bool
is_service_list (const char *text)
{
  char name[MAX_NAME + 1], digits[8];
  uint64_t version;
  int used;

  for (;;) {
    if (sscanf (text, "%32[a-z0-9-]/%7[0-9]%n", name, digits, &used) != 2 || !is_name (name, '-')
        || !fettle_parse_uint (digits, 1, UINT32_MAX, &version))
      return false;
    text += used;
    if (!*text)
      return true;
    if (*text++ != ' ')
      return false;
  }
}

static fettle_result
check_services (const struct fettle_node_type *type, struct fettle_error *err)
{
  const char *word = type->services;

  if ((type->services && !is_service_list (type->services))
      || (type->wants && !is_service_list (type->wants)))
    return bad (err, "services are written \"ssh/1 stream/1\"; NULL is none");
  while (word && *word) {
    char one[MAX_LINE];
    size_t n = strcspn (word, " ");

    snprintf (one, sizeof one, "%.*s", (int) n, word);
    if (!fettle_has_word (FETTLE_SERVICES, one))
      return fettle_error_set (err, FETTLE_E_SERVICE,
                               "it needs the service %s, and this Fettle has %s", one,
                               FETTLE_SERVICES);
    word += n;
    word += strspn (word, " ");
  }
  return FETTLE_OK;
}

/* ---- Node types. ---- */

static fettle_result
check_type_head (const struct fettle_node_type *type, struct fettle_error *err)
{
  const uint32_t hosts = FETTLE_HOST_LINUX | FETTLE_HOST_WINDOWS;

  if (!is_line (type->title, MAX_TITLE) || strchr (type->title, ','))
    return bad (err, "the title is a line of 1 to 48 bytes without commas");
  if (!(type->hosts & hosts))
    return bad (err, "hosts names no system that it can be run from: FETTLE_HOST_LINUX, "
                     "FETTLE_HOST_WINDOWS");
  if (type->flags & MUST_UNDERSTAND & ~KNOWN_FLAGS)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "flags 0x%" PRIx32 " are from a newer Fettle and can't be ignored",
                             type->flags & MUST_UNDERSTAND);
  if (type->reserved)
    return bad (err, "the reserved member isn't 0");
  return FETTLE_OK;
}

static fettle_result
check_type (const struct fettle_node_type *type, struct fettle_error *err)
{
  if (check_type_head (type, err) || check_ports (type, err) || check_settings (type, err)
      || check_services (type, err))
    return err->code;
  return FETTLE_OK;
}

/* An array of structs that may be shorter or longer than ours, as ours. */
static void *
copy_array (const void *from, uint32_t n, uint32_t stride, size_t size)
{
  size_t common = stride < size ? stride : size;
  char *to = calloc (n ? n : 1, size);

  for (uint32_t i = 0; to && i < n; i++)
    memcpy (to + i * size, (const char *) from + (size_t) i * stride, common);
  return to;
}

/* The type's own arrays, counted and then copied. */
static fettle_result
copy_rows (const struct fettle_plugin *plugin, struct fettle_node_type *type,
           struct fettle_error *err)
{
  const void *ports = type->ports, *settings = type->settings;

  type->ports = NULL; /* what isn't ours must not be freed */
  type->settings = NULL;
  if (type->n_ports > MAX_PORTS || (type->n_ports && !ports))
    return bad (err, "n_ports doesn't fit its array of at most 256 ports");
  if (type->n_settings > MAX_SETTINGS || (type->n_settings && !settings))
    return bad (err, "n_settings doesn't fit its array of at most 64 settings");
  type->ports = copy_array (ports, type->n_ports, plugin->port_size, sizeof (struct fettle_port));
  type->settings = copy_array (settings, type->n_settings, plugin->setting_size,
                               sizeof (struct fettle_setting));
  if (!type->ports || !type->settings)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its descriptor");
  return FETTLE_OK;
}

static fettle_result
take_type (struct fettle_plugin_info *info, uint32_t i, struct fettle_error *err)
{
  struct fettle_node_type *type = &info->node_types[i];

  if (copy_rows (&info->descriptor, type, err) || !is_name (type->name, '-')) {
    if (type->ports && type->settings)
      bad (err, "the name is [a-z][a-z0-9-]*, at most 32 long");
    return fettle_error_prefix (err, "node type %" PRIu32 ": ", i + 1);
  }
  for (uint32_t j = 0; j < i; j++)
    if (strcmp (info->node_types[j].name, type->name) == 0)
      return fettle_error_set (err, FETTLE_E_CONFIG, "node type %s is there twice", type->name);
  if (check_type (type, err))
    return fettle_error_prefix (err, "node type %s: ", type->name);
  return FETTLE_OK;
}

/* Rows behind i still point into the plugin: they must not be freed. */
static fettle_result
take_types (struct fettle_plugin_info *info, struct fettle_error *err)
{
  struct fettle_plugin *d = &info->descriptor;
  uint32_t n = d->n_node_types;

  info->node_types = copy_array (d->node_types, n, d->node_type_size,
                                 sizeof (struct fettle_node_type));
  if (!info->node_types)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for its descriptor");
  d->node_types = info->node_types;
  for (uint32_t i = 0; i < n; i++) {
    d->n_node_types = i + 1;
    if (take_type (info, i, err))
      return err->code;
  }
  return FETTLE_OK;
}

/* ---- The plugin. ---- */

static bool
is_size (uint32_t size, size_t least)
{
  return size >= least && size <= MAX_STRUCT;
}

static fettle_result
check_sizes (const struct fettle_plugin *raw, struct fettle_error *err)
{
  if (raw->abi != FETTLE_ABI)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "it is for version %" PRIu32 " of the plugin ABI, and this Fettle has "
                             "%u: build it against this Fettle's headers", raw->abi, FETTLE_ABI);
  if (!is_size (raw->struct_size, SIZE_THROUGH (struct fettle_plugin, n_node_types)))
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "its descriptor of %" PRIu32 " bytes is no struct fettle_plugin: does "
                             "it begin with FETTLE_HEAD?", raw->struct_size);
  if (!is_size (raw->node_type_size, offsetof (struct fettle_node_type, probe))
      || !is_size (raw->port_size, SIZE_THROUGH (struct fettle_port, purpose))
      || !is_size (raw->setting_size, SIZE_THROUGH (struct fettle_setting, help)))
    return bad (err, "node_type_size, port_size or setting_size is wrong: does the descriptor "
                     "begin with FETTLE_HEAD?");
  return FETTLE_OK;
}

static fettle_result
check_plugin (const struct fettle_plugin *d, struct fettle_error *err)
{
  if (d->flags & MUST_UNDERSTAND & ~KNOWN_FLAGS)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "flags 0x%" PRIx32 " are from a newer Fettle and can't be ignored",
                             d->flags & MUST_UNDERSTAND);
  if (!is_name (d->name, '_'))
    return bad (err, "the plugin's name is [a-z][a-z0-9_]*, at most 32 long");
  if (!is_line (d->version, MAX_NAME))
    return bad (err, "the version is a line of 1 to 32 bytes");
  if (!is_line (d->description, MAX_LINE))
    return bad (err, "the description is a line of 1 to 160 bytes");
  if (d->n_node_types == 0 || d->n_node_types > MAX_TYPES || !d->node_types)
    return bad (err, "n_node_types is 1 to 64, with node_types set");
  if (d->reserved)
    return bad (err, "the reserved member isn't 0");
  return FETTLE_OK;
}

fettle_result
fettle_plugin_validate (const struct fettle_plugin *raw, struct fettle_plugin_info *ret,
                        struct fettle_error *err)
{
  struct fettle_plugin_info info = { 0 };
  size_t size;

  if (!raw)
    return bad (err, "its entry function returns no descriptor");
  if (check_sizes (raw, err))
    return err->code;
  size = raw->struct_size < sizeof *raw ? raw->struct_size : sizeof *raw;
  memcpy (&info.descriptor, raw, size);
  if (check_plugin (&info.descriptor, err))
    return err->code;
  if (take_types (&info, err)) {
    fettle_plugin_clear (&info);
    return err->code;
  }
  *ret = info;
  return FETTLE_OK;
}
