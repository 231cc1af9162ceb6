/* call-request.c - see call-request.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "engine/call-request.h"
#include "ports/ports.h"
#include "util/text.h"

void
fettle_call_request_clear (struct fettle_call_request *r)
{
  fettle_credentials_free (json_object_get (r->json, "credentials"));
  json_decref (r->json);
  for (size_t i = 0; i < r->n_fds; i++)
    close (r->fds[i]);
}

static void
attach (struct fettle_call_request *r, const char *what, int fd)
{
  json_array_append_new (json_object_get (r->json, "fds"), json_string (what));
  r->fds[r->n_fds++] = fd;
}

uint16_t
fettle_node_moved (const struct fettle_port_node *node, uint16_t declared)
{
  const struct fettle_setting *s = node->type->settings;
  uint64_t port;

  for (uint32_t i = 0; i < node->type->n_settings; i++) {
    const char *value = json_string_value (json_object_get (node->opaque, s[i].name));

    if (s[i].type == FETTLE_SETTING_PORT && s[i].moves == declared && value
        && fettle_parse_uint (value, 1, 65535, &port))
      return (uint16_t) port;
  }
  return 0;
}

size_t
fettle_call_ranges (const struct fettle_node_type *type, const json_t *settings, uint32_t phase,
                    struct fettle_port_range *ranges, size_t max)
{
  struct fettle_port_node node = { .name = "", .address = "", .our_address = "", .plugin = "",
                                   .type = type, .moved = fettle_node_moved, .opaque = settings };
  size_t n = fettle_ports_allowed (&node, phase, ranges, max);

  return n < max ? n : max;
}

json_t *
fettle_call_ports (const struct fettle_node_type *type, const json_t *settings, uint32_t phase)
{
  struct fettle_port_range ranges[64];
  size_t n = fettle_call_ranges (type, settings, phase, ranges, COUNT (ranges));
  json_t *list = json_array ();

  for (size_t i = 0; i < n; i++)
    json_array_append_new (list, json_pack ("[i,i,i,i,i]", (int) ranges[i].protocol,
                                            (int) ranges[i].declared_first,
                                            (int) ranges[i].declared_last, (int) ranges[i].first,
                                            (int) ranges[i].last));
  return list;
}

static fettle_result
attach_agent (struct fettle_call_request *r, const char *path, struct fettle_error *err)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  _cleanup_close_ int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (strlen (path) >= sizeof address.sun_path)
    return fettle_error_set (err, FETTLE_E_CONFIG, "the agent's path %s is too long", path);
  memcpy (address.sun_path, path, strlen (path) + 1);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address))
    return fettle_error_errno (err, FETTLE_E_AUTH, "connecting to the SSH agent at %s", path);
  attach (r, "agent", STEAL_FD (fd));
  return FETTLE_OK;
}

static fettle_result
attach_credentials (struct lane *lane, struct fettle_call_request *r, struct fettle_error *err)
{
  json_t *credentials;
  const char *agent;

  if (fettle_node_login (lane->engine, lane->node, &credentials, err))
    return err->code;
  if (lane->login)
    json_object_update (credentials, lane->login);
  json_object_del (credentials, "helper");
  json_object_set_new (r->json, "credentials", credentials);
  agent = json_string_value (json_object_get (credentials, "agent"));
  if (agent) {
    if (attach_agent (r, agent, err))
      return err->code;
    json_object_set_new (credentials, "agent", json_true ());
  }
  return FETTLE_OK;
}

static void
attach_known_hosts (struct lane *lane, struct fettle_call_request *r)
{
  const char *path = lane->engine->settings->known_hosts;
  int fd = path && *path ? open (path, O_RDONLY | O_CLOEXEC) : -1;

  if (fd >= 0)
    attach (r, "known_hosts", fd);
}

static fettle_result
attach_recording (const struct lane *lane, struct fettle_call_request *r, struct fettle_error *err)
{
  int fd;

  if (lane->job->recording < 0)
    return FETTLE_OK;
  fd = fcntl (lane->job->recording, F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "handing out a recording");
  attach (r, "recording", fd);
  return FETTLE_OK;
}

/* What of a component's JSON a worker gets. */
static json_t *
image_of (const struct task *task, const struct fettle_opened *opened)
{
  const json_t *component = json_object_get (task->spec, "component"), *file;
  const char *action = json_string_value (json_object_get (task->spec, "action"));
  json_t *files = json_array ();
  size_t i;
  int flags = 0;

  if (action && strcmp (action, "downgrade") == 0)
    flags = (int) FETTLE_IMAGE_DOWNGRADE;
  if (action && strcmp (action, "rewrite") == 0)
    flags = (int) FETTLE_IMAGE_REWRITE;
  json_array_foreach (json_object_get (component, "files"), i, file)
    json_array_append_new (files, json_pack ("{s:O s:O s:O s:s s:I}",
                                             "name", json_object_get (file, "name"),
                                             "sha256", json_object_get (file, "sha256"),
                                             "size", json_object_get (file, "size"),
                                             "stamp", opened[i].stamp,
                                             "offset", (json_int_t) opened[i].offset));
  return json_pack ("{s:O s:O s:s? s:O s:i s:o}", "id", json_object_get (component, "id"),
                    "format", json_object_get (component, "format"),
                    "match", json_string_value (json_object_get (component, "match")),
                    "version", json_object_get (component, "version"), "flags", flags,
                    "files", files);
}

static fettle_result
attach_image (struct lane *lane, struct fettle_call_request *r, struct fettle_error *err)
{
  struct task *task = lane->told;
  struct fettle_opened opened[FETTLE_WIRE_FDS - 2];
  size_t n;
  int64_t baseline = json_integer_value (json_object_get (task->spec, "baseline_id"));

  if (fettle_component_open (lane->engine, baseline, json_object_get (task->spec, "component"),
                             opened, COUNT (opened), &n, err))
    return err->code;
  for (size_t i = 0; i < n; i++)
    attach (r, "file", opened[i].fd);
  json_object_set_new (r->json, "image", image_of (task, opened));
  return FETTLE_OK;
}

static json_t *
target_of (struct lane *lane, const char *address)
{
  char operation[41];
  json_t *target;

  if (strcmp (lane->what, "inventory") == 0 || !lane->operation)
    snprintf (operation, sizeof operation, "%s-n%lld", lane->engine->installation, (long long) lane->node);
  else
    snprintf (operation, sizeof operation, "%s-t%lld", lane->engine->installation, (long long) lane->operation);
  target = json_pack ("{s:s s:s s:s}", "address", address, "name", lane->name, "operation",
                      operation);
  if (strcmp (lane->what, "activate") == 0) {
    json_object_set (target, "message", json_object_get (lane->job->options, "reboot_message"));
    json_object_set (target, "delay", json_object_get (lane->job->options, "reboot_delay"));
  }
  return target;
}

fettle_result
fettle_call_request_make (struct lane *lane, const char *address, struct fettle_call_request *r,
                          struct fettle_error *err)
{
  struct fettle_engine *e = lane->engine;
  bool deploy = strcmp (lane->what, "deploy") == 0;
  const char *type_name = strcmp (lane->what, "probe") == 0 ? lane->asked_type : lane->type;
  const struct fettle_node_type *type = fettle_plugins_type (e->plugins, type_name, NULL);
  const char *token = deploy ? lane->told->token
                      : fettle_node_firewall_is_call (lane) ? NULL : lane->lane_token;
  struct fettle_rows rows;
  json_t *settings;

  if (!type)
    return fettle_error_set (err, FETTLE_E_UNSUPPORTED,
                             "no plugin for nodes of type %s is installed: install the package"
                             " fettle-plugin-%s and restart the service", type_name, type_name);
  fettle_store_query (e->store, &rows, "SELECT settings, host_key, certificate FROM node WHERE id = ?", "i",
                      lane->node);
  if (!fettle_rows_next (&rows))
    return fettle_error_set (err, FETTLE_E_CONFIG, "the node %s is gone", lane->name);
  settings = fettle_rows_json (&rows, 0);
  r->json = json_pack (
    "{s:s s:s s:o s:i s:o s:o s:{s:s s:s?} s:s? s:{s:I s:I} s:s? s:s? s:[]}", "call", lane->what, "type",
    type_name, "target", target_of (lane, address), "phase", (int) lane->phase, "ports",
    fettle_call_ports (type, settings, lane->phase), "settings", settings, "host_key", "policy",
    e->settings->host_keys, "pinned", fettle_rows_text (&rows, 1),
    "certificate", fettle_rows_text (&rows, 2), "timeouts", "connect",
    (json_int_t) e->settings->connect_timeout, "read", (json_int_t) e->settings->read_timeout,
    "token", token, "argument", lane->argument, "fds");
  fettle_rows_end (&rows);
  if (attach_credentials (lane, r, err))
    return err->code;
  attach_known_hosts (lane, r);
  if (attach_recording (lane, r, err))
    return err->code;
  return deploy ? attach_image (lane, r, err) : FETTLE_OK;
}
