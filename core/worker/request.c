/* request.c - a call's request (wire.h) becomes what plugin and transports see.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <netdb.h>

#include "util/text.h"
#include "worker/worker.h"

static fettle_result
bad (struct fettle_worker_call *w, const char *what)
{
  return fettle_error_set (&w->ctx.error, FETTLE_E_INTERNAL, "the request has no valid %s", what);
}

static const char *
text_of (const json_t *object, const char *name)
{
  return json_string_value (json_object_get (object, name));
}

static fettle_result
take_fds (struct fettle_worker_call *w, const int *fds, size_t n_fds)
{
  const json_t *names = json_object_get (w->request, "fds");

  if (json_array_size (names) != n_fds)
    return bad (w, "list of descriptors");
  for (size_t i = 0; i < n_fds; i++) {
    const char *name = json_string_value (json_array_get (names, i));

    if (name && strcmp (name, "agent") == 0)
      w->ctx.credentials.agent = fds[i];
    else if (name && strcmp (name, "known_hosts") == 0)
      w->ctx.known_hosts = fds[i];
    else if (name && strcmp (name, "recording") == 0)
      w->recording = fds[i];
    else if (name && strcmp (name, "file") == 0 && w->n_file_fds < FETTLE_CONTEXT_FILES)
      w->file_fds[w->n_file_fds++] = fds[i];
    else
      return bad (w, "list of descriptors");
  }
  return FETTLE_OK;
}

/* "fe80::1%eth0" too; a literal, so nothing is looked up. */
static fettle_result
take_target (struct fettle_worker_call *w)
{
  struct fettle_target *t = &w->ctx.target;
  const json_t *j = json_object_get (w->request, "target");
  struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *found = NULL;

  t->struct_size = sizeof *t;
  t->address = text_of (j, "address");
  t->name = text_of (j, "name");
  t->operation = text_of (j, "operation");
  t->message = text_of (j, "message");
  t->delay_s = (uint32_t) json_integer_value (json_object_get (j, "delay"));
  t->type = w->ctx.type;
  if (!t->address || !t->name || !t->operation)
    return bad (w, "target");
  if (getaddrinfo (t->address, NULL, &hints, &found) != 0 || !found)
    return fettle_error_set (&w->ctx.error, FETTLE_E_CONFIG, "%s isn't an address", t->address);
  memcpy (&w->ctx.address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo (found);
  return FETTLE_OK;
}

static bool
number_at (const json_t *list, size_t i, json_int_t min, json_int_t max, json_int_t *ret)
{
  const json_t *j = json_array_get (list, i);

  *ret = json_integer_value (j);
  return json_is_integer (j) && *ret >= min && *ret <= max;
}

static fettle_result
take_ports (struct fettle_worker_call *w)
{
  const json_t *list = json_object_get (w->request, "ports"), *row;
  size_t i;

  json_array_foreach (list, i, row) {
    json_int_t n[5];

    if (i == FETTLE_CONTEXT_PORTS || !number_at (row, 0, 0, 255, &n[0]))
      return bad (w, "list of ports");
    for (size_t k = 1; k < 5; k++)
      if (!number_at (row, k, 1, 65535, &n[k]))
        return bad (w, "list of ports");
    w->ctx.allowed[w->ctx.n_allowed++] = (struct fettle_allowed) {
      .protocol = (uint32_t) n[0], .declared_first = (uint16_t) n[1], .declared_last = (uint16_t) n[2],
      .first = (uint16_t) n[3], .last = (uint16_t) n[4],
    };
  }
  return FETTLE_OK;
}

/* The texts stay where they are, in the request, until they are wiped. */
static void
take_credentials (struct fettle_worker_call *w)
{
  const json_t *j = json_object_get (w->request, "credentials");
  struct fettle_credentials *c = &w->ctx.credentials;

  c->user = (char *) (uintptr_t) text_of (j, "user");
  c->password = (char *) (uintptr_t) text_of (j, "password");
  c->key = (char *) (uintptr_t) text_of (j, "key");
  c->passphrase = (char *) (uintptr_t) text_of (j, "passphrase");
  c->sudo_password = (char *) (uintptr_t) text_of (j, "sudo_password");
  c->second_user = (char *) (uintptr_t) text_of (j, "second_user");
  c->second_password = (char *) (uintptr_t) text_of (j, "second_password");
  c->kerberos = (char *) (uintptr_t) text_of (j, "kerberos");
}

void
fettle_worker_forget (struct fettle_worker_call *w)
{
  struct fettle_credentials *c = &w->ctx.credentials;
  char *secrets[] = { c->password, c->key, c->passphrase, c->sudo_password,
                      c->second_password, c->kerberos };

  for (size_t i = 0; i < COUNT (secrets); i++)
    if (secrets[i])
      fettle_wipe (secrets[i], strlen (secrets[i]));
}

static fettle_result
take_image (struct fettle_worker_call *w)
{
  const json_t *j = json_object_get (w->request, "image"), *files = json_object_get (j, "files"), *file;
  struct fettle_image *image = &w->image;
  size_t i;

  if (!json_is_object (j))
    return FETTLE_OK;
  *image = (struct fettle_image) {
    .struct_size = sizeof *image, .flags = (uint32_t) json_integer_value (json_object_get (j, "flags")),
    .id = text_of (j, "id"), .format = text_of (j, "format"), .match = text_of (j, "match"),
    .version = text_of (j, "version"), .file_size = sizeof (struct fettle_file), .files = w->files,
  };
  if (!image->id || !image->format || !image->version)
    return bad (w, "image");
  json_array_foreach (files, i, file) {
    if (i == FETTLE_CONTEXT_FILES)
      return bad (w, "number of files");
    w->files[i] = (struct fettle_file) {
      .name = text_of (file, "name"), .sha256 = text_of (file, "sha256"),
      .size = (uint64_t) json_integer_value (json_object_get (file, "size")),
    };
    w->file_offsets[i] = (uint64_t) json_integer_value (json_object_get (file, "offset"));
    w->file_stamps[i] = text_of (file, "stamp");
    if (!w->files[i].name || !w->files[i].sha256)
      return bad (w, "image");
  }
  image->n_files = (uint32_t) json_array_size (files);
  return image->n_files == w->n_file_fds && image->n_files ? FETTLE_OK : bad (w, "files");
}

static uint32_t
milliseconds (const json_t *object, const char *name, json_int_t initial)
{
  json_int_t s = json_integer_value (json_object_get (object, name));

  return (uint32_t) (s > 0 && s < 86400 ? s : initial) * 1000;
}

static void
take_rest (struct fettle_worker_call *w)
{
  const json_t *timeouts = json_object_get (w->request, "timeouts");
  const json_t *key = json_object_get (w->request, "host_key");
  const char *policy = text_of (key, "policy");

  /* What isn't understood is the stricter one. */
  w->ctx.strict = !policy || strcmp (policy, "tofu") != 0;
  w->ctx.pinned = text_of (key, "pinned");
  w->ctx.certificate = text_of (w->request, "certificate");
  w->ctx.connect_timeout = milliseconds (timeouts, "connect", 10);
  w->ctx.read_timeout = milliseconds (timeouts, "read", 60);
  w->ctx.phase = (uint32_t) json_integer_value (json_object_get (w->request, "phase"));
  w->token = text_of (w->request, "token");
  w->argument = text_of (w->request, "argument");
}

static const struct fettle_node_type *
find_type (const struct fettle_plugin_info *plugin, const char *name)
{
  for (uint32_t i = 0; name && i < plugin->descriptor.n_node_types; i++)
    if (strcmp (plugin->node_types[i].name, name) == 0)
      return &plugin->node_types[i];
  return NULL;
}

fettle_result
fettle_worker_request (struct fettle_worker_call *w, const struct fettle_plugin_info *plugin,
                       json_t *request, const int *fds, size_t n_fds)
{
  fettle_result r;

  w->request = request;
  w->operation = text_of (request, "call");
  w->node_type = find_type (plugin, text_of (request, "type"));
  w->ctx.credentials.agent = w->ctx.known_hosts = w->recording = -1;
  w->ctx.plugin = plugin->descriptor.name;
  if (!w->operation || !w->node_type)
    return bad (w, "operation or node type");
  w->ctx.type = w->node_type->name;
  take_credentials (w);
  take_rest (w);
  r = take_fds (w, fds, n_fds);
  if (r == FETTLE_OK)
    r = take_target (w);
  if (r == FETTLE_OK)
    r = take_ports (w);
  if (r == FETTLE_OK)
    r = take_image (w);
  return r;
}
