/* deploy-request.c - from the command line to the body of POST /plans and
 * /deployments.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "cli/deploy.h"
#include "util/text.h"

#define MAX_PLAN (256u << 20)

static json_t *
list_of (const struct fettle_args *args, const char *option)
{
  json_t *list = json_array ();
  const char *value;
  size_t at = 0;

  while ((value = fettle_args_next (args, option, &at)))
    json_array_append_new (list, json_string (value));
  return list;
}

static void
put_list (const struct fettle_args *args, const char *option, const char *member, json_t *object)
{
  if (fettle_args_flag (args, option))
    json_object_set_new (object, member, list_of (args, option));
}

static void
put_text (const struct fettle_args *args, const char *option, const char *member, json_t *object)
{
  const char *value = fettle_args_value (args, option);

  if (value)
    json_object_set_new (object, member, json_string (value));
}

static void
put_flag (const struct fettle_args *args, const char *option, const char *member, json_t *object)
{
  if (fettle_args_flag (args, option))
    json_object_set_new (object, member, json_true ());
}

static fettle_result
put_number (const struct fettle_args *args, const char *option, const char *member, json_t *object,
            struct fettle_error *err)
{
  const char *value = fettle_args_value (args, option);
  uint64_t number;

  if (!value)
    return FETTLE_OK;
  if (!fettle_parse_uint (value, 0, INT32_MAX, &number))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--%s wants a number, not \"%.80s\"", option,
                             value);
  json_object_set_new (object, member, json_integer ((json_int_t) number));
  return FETTLE_OK;
}

/* "8", "type=2", "type:ilo=3", "group:web=1", "enclosure=1" */
static fettle_result
put_parallel (const struct fettle_args *args, json_t *options, struct fettle_error *err)
{
  json_t *limits = json_object ();
  const char *value;
  size_t at = 0;

  while ((value = fettle_args_next (args, "max-parallel", &at))) {
    const char *equals = strrchr (value, '=');
    char what[256];
    uint64_t number;

    snprintf (what, sizeof what, "%.*s", equals ? (int) (equals - value) : 3,
              equals ? value : "all");
    if (!fettle_parse_uint (equals ? equals + 1 : value, 1, 1000000, &number)
        || json_object_set_new (limits, what, json_integer ((json_int_t) number))) {
      json_decref (limits);
      return fettle_error_set (err, FETTLE_E_CONFIG,
                               "--max-parallel wants N, type=N, type:NAME=N, group=N, group:NAME=N or"
                               " enclosure=N, not \"%.80s\"", value);
    }
  }
  if (json_object_size (limits))
    json_object_set (options, "max_parallel", limits);
  json_decref (limits);
  return FETTLE_OK;
}

static fettle_result
put_options (const struct fettle_args *args, json_t *options, struct fettle_error *err)
{
  static const struct { const char *option, *member; } texts[] = {
    { "reboot", "reboot" },         { "on-failed-dependency", "on_failed_dependency" },
    { "batch", "batch" },           { "max-failures", "max_failures" },
    { "at", "at" },                 { "window", "window" },
    { "reboot-message", "reboot_message" },
  }, flags[] = {
    { "downgrade", "downgrade" },   { "rewrite", "rewrite" },
    { "associated", "associated" }, { "install-missing", "install_missing" },
    { "approve", "approve" },       { "open-firewall", "open_firewall" },
    { "tpm-bypass", "tpm_bypass" }, { "pause-after-canary", "pause_after_canary" },
    { "look-first", "look_first" }, { "ignore-windows", "ignore_windows" },
  };

  put_list (args, "component", "components", options);
  put_list (args, "kind", "kinds", options);
  for (size_t i = 0; i < COUNT (texts); i++)
    put_text (args, texts[i].option, texts[i].member, options);
  for (size_t i = 0; i < COUNT (flags); i++)
    put_flag (args, flags[i].option, flags[i].member, options);
  if (fettle_args_flag (args, "no-check"))
    json_object_set_new (options, "check", json_false ());
  return put_number (args, "reboot-delay", "reboot_delay", options, err)
           ? err->code : put_parallel (args, options, err);
}

static bool
is_hash (const char *text)
{
  return strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

static fettle_result
put_plan (const struct fettle_args *args, json_t *request, struct fettle_error *err)
{
  const char *value = fettle_args_value (args, "plan");
  json_error_t why;
  json_t *plan;

  if (!value)
    return FETTLE_OK;
  if (is_hash (value) && access (value, F_OK)) {
    json_object_set_new (request, "plan", json_string (value));
    return FETTLE_OK;
  }
  plan = json_load_file (value, JSON_REJECT_DUPLICATES, &why);
  if (json_is_object (plan) && json_is_object (json_object_get (plan, "request"))) {
    json_object_set_new (request, "plan", plan);
    json_object_del (request, "nodes"); /* it names its own */
    return FETTLE_OK;
  }
  fettle_error_set (err, FETTLE_E_CONFIG, "%.200s is no plan as \"fettle plan -o FILE\" writes it%s%.200s",
                    value, plan ? "" : ": ", plan ? "" : why.text);
  json_decref (plan);
  return err->code;
}

fettle_result
fettle_deploy_request (const struct fettle_args *args, json_t **ret, struct fettle_error *err)
{
  _cleanup_json_ json_t *request = json_object ();
  json_t *options = json_object ();

  json_object_set_new (request, "options", options);
  if (put_options (args, options, err))
    return err->code;
  put_list (args, "baseline", "baselines", request);
  put_text (args, "resume", "resume", request);
  put_flag (args, "retry-failed", "retry_failed", request);
  put_text (args, "job", "restore", request);
  put_text (args, "snapshot", "snapshot", request);
  if (fettle_args_flag (args, "retry-failed") && !fettle_args_flag (args, "resume"))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--retry-failed wants --resume JOB");
  if ((fettle_args_flag (args, "resume") || fettle_args_flag (args, "plan")) && args->n_words
      && !(fettle_args_value (args, "plan") && is_hash (fettle_args_value (args, "plan"))))
    return fettle_error_set (err, FETTLE_E_CONFIG, "--resume JOB and --plan FILE name their nodes"
                                                   " themselves");
  if (args->n_words || fettle_args_flag (args, "selector") || (!fettle_args_flag (args, "job") && !fettle_args_flag (args, "snapshot")))
    json_object_set_new (request, "nodes", fettle_nodes_wanted (args));
  if (put_plan (args, request, err))
    return err->code;
  *ret = STEAL (request);
  return FETTLE_OK;
}
