/* bridge.c - see bridge.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#include "plugin/bridge.h"
#include "util/buf.h"
#include "util/clock.h"

enum { TICK_MS = 200, ERRORS_MAX = 4096, WORDS_MAX = 400, ANSWER_MAX = 64 * 1024 * 1024, END_MS = 1000,
       FORMER_MAX = 60 * 1024 };

static struct {
  const struct fettle_plugin_info *plugin;
  uint64_t memory;
  struct fettle_program program;
  bool started;
  char *former; /* what firewall_open answered last: borrowed by the host */
} used = { .program = FETTLE_PROGRAM_NONE };

struct talk {
  struct fettle_bridge *b;
  struct fettle_buf lines;   /* what the program said and wasn't looked at yet */
  size_t at;                 /* where its next line begins */
  char words[ERRORS_MAX];    /* the last that it wrote as errors */
  size_t n_words;
  int64_t silent_until;
  bool ended;
};

void
fettle_bridge_use (const struct fettle_plugin_info *plugin, uint64_t memory)
{
  used.plugin = plugin;
  used.memory = memory;
}

fettle_result
fettle_bridge_start (struct fettle_error *err)
{
  if (used.started)
    return FETTLE_OK;
  if (!used.plugin || !used.plugin->program)
    return fettle_error_set (err, FETTLE_E_INTERNAL, "it isn't known which program this plugin is");
  if (fettle_program_start (used.plugin->program, used.memory, &used.program, err))
    return err->code;
  used.started = true;
  return FETTLE_OK;
}

/* ---- What goes wrong with the program ---- */

/* Its last line of errors, as far as it can be shown. */
static const char *
last_words (struct talk *t)
{
  size_t end = t->n_words, begin;

  while (end > 0 && (unsigned char) t->words[end - 1] <= ' ')
    end--;
  for (begin = end; begin > 0 && t->words[begin - 1] != '\n' && end - begin < WORDS_MAX; begin--)
    ;
  t->words[end < ERRORS_MAX ? end : ERRORS_MAX - 1] = '\0';
  return t->words + begin;
}

static fettle_result
fail (struct talk *t, fettle_result code, const char *what)
{
  char text[1024];
  const char *words = last_words (t);

  snprintf (text, sizeof text, "the program of this plugin, %s, %s while it was asked for %s of %s%s%s; fettle plugin check "
            "on its .exec file shows more", used.plugin && used.plugin->program ? used.plugin->program : "?", what,
            t->b->operation, t->b->target->name, *words ? "; the last it wrote: " : "", words);
  return t->b->host->error (t->b->c, code, text);
}

static fettle_result
has_ended (struct talk *t)
{
  int64_t end = fettle_now_ms () + END_MS;
  int status = 0;
  pid_t pid = 0;
  char what[96];

  if (t->b->program.pid > 0)
    while ((pid = waitpid (t->b->program.pid, &status, WNOHANG)) == 0 && fettle_now_ms () < end)
      (void) poll (NULL, 0, 10);
  if (pid > 0)
    t->b->program.pid = -1;
  if (pid > 0 && WIFSIGNALED (status))
    snprintf (what, sizeof what, "was ended by signal %d", WTERMSIG (status));
  else if (pid > 0)
    snprintf (what, sizeof what, "ended by itself (status %d)", WEXITSTATUS (status));
  else
    snprintf (what, sizeof what, "closed its output");
  return fail (t, FETTLE_E_INTERNAL, what);
}

/* ---- Bytes ---- */

static void
take_errors (struct talk *t)
{
  char piece[1024];
  ssize_t n = read (t->b->program.err, piece, sizeof piece);

  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    close (t->b->program.err);
    t->b->program.err = -1;
  }
  if (n <= 0)
    return;
  /* The last ones count; one byte is kept for an end. */
  if (t->n_words + (size_t) n > ERRORS_MAX - 1) {
    size_t gone = t->n_words + (size_t) n - (ERRORS_MAX - 1);

    memmove (t->words, t->words + gone, t->n_words - gone);
    t->n_words -= gone;
  }
  memcpy (t->words + t->n_words, piece, (size_t) n);
  t->n_words += (size_t) n;
}

/* Until the descriptor is ready: OK, or why not. */
static fettle_result
wait_for (struct talk *t, int fd, short events)
{
  const struct fettle_host *h = t->b->host;

  for (;;) {
    struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = t->b->program.err, .events = POLLIN } };

    if (poll (p, 2, TICK_MS) < 0 && errno != EINTR)
      return fail (t, FETTLE_E_INTERNAL, "can't be listened to");
    if (p[1].revents)
      take_errors (t);
    if (p[0].revents)
      return FETTLE_OK;
    if (h->aborted (t->b->c))
      return h->error (t->b->c, FETTLE_E_ABORTED, "the call was aborted");
    if (fettle_now_ms () > t->silent_until)
      return fail (t, FETTLE_E_TIMEOUT, events == POLLIN ? "said nothing for its \"timeout_s\""
                                                         : "didn't listen for its \"timeout_s\"");
  }
}

static fettle_result
read_more (struct talk *t)
{
  char piece[65536];
  ssize_t n;
  fettle_result r = wait_for (t, t->b->program.out, POLLIN);

  if (r)
    return r;
  n = read (t->b->program.out, piece, sizeof piece);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return FETTLE_OK;
  if (n <= 0) {
    t->ended = true;
    while (t->b->program.err >= 0 && poll (&(struct pollfd) { .fd = t->b->program.err, .events = POLLIN }, 1, 0) > 0)
      take_errors (t);
    return FETTLE_OK;
  }
  if (t->at) {
    memmove (t->lines.data, t->lines.data + t->at, t->lines.size - t->at);
    t->lines.size -= t->at;
    t->at = 0;
  }
  return fettle_buf_add (&t->lines, piece, (size_t) n)
           ? FETTLE_OK : fail (t, FETTLE_E_PROTOCOL, "wrote a line longer than 1 MiB");
}

/* The next line as JSON. */
static fettle_result
next_line (struct talk *t, json_t **ret)
{
  const char *begin, *end;
  fettle_result r;

  t->silent_until = fettle_now_ms () + (int64_t) t->b->timeout_s * 1000;
  for (;;) {
    begin = fettle_buf_text (&t->lines) + t->at;
    end = memchr (begin, '\n', t->lines.size - t->at);
    if (end)
      break;
    if (t->ended)
      return has_ended (t);
    r = read_more (t);
    if (r)
      return r;
  }
  t->at += (size_t) (end - begin) + 1;
  *ret = json_loadb (begin, (size_t) (end - begin), JSON_REJECT_DUPLICATES, NULL);
  if (!json_is_object (*ret)) {
    json_decref (*ret);
    *ret = NULL;
    return fail (t, FETTLE_E_PROTOCOL, "wrote a line that isn't an object of JSON");
  }
  return FETTLE_OK;
}

/* Takes over the message. */
static fettle_result
say (struct talk *t, json_t *message)
{
  _cleanup_free_ char *text = message ? json_dumps (message, JSON_COMPACT) : NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf line = FETTLE_BUF_INIT (ANSWER_MAX);
  fettle_result r = FETTLE_OK;

  json_decref (message);
  if (!text || !fettle_buf_text_add (&line, text) || !fettle_buf_text_add (&line, "\n"))
    return t->b->host->error (t->b->c, FETTLE_E_NOMEM, "no memory for what the program is to be told");
  t->silent_until = fettle_now_ms () + (int64_t) t->b->timeout_s * 1000;
  for (size_t i = 0; i < line.size && r == FETTLE_OK;) {
    ssize_t n;

    r = wait_for (t, t->b->program.in, POLLOUT);
    n = r == FETTLE_OK ? write (t->b->program.in, line.data + i, line.size - i) : 0;
    if (n > 0)
      i += (size_t) n;
    else if (r == FETTLE_OK && n < 0 && errno != EAGAIN && errno != EINTR)
      return has_ended (t);
  }
  return r;
}

/* ---- The conversation ---- */

static json_t *
files_of (const struct fettle_image *image)
{
  json_t *files = json_array ();

  for (uint32_t i = 0; i < image->n_files; i++) {
    const struct fettle_file *f
      = (const struct fettle_file *) (const void *) ((const char *) image->files + i * image->file_size);

    json_array_append_new (files, json_pack ("{s:s s:s s:I}", "name", f->name, "sha256", f->sha256, "size",
                                             (json_int_t) f->size));
  }
  return files;
}

static json_t *
settings_of (const struct fettle_bridge *b)
{
  json_t *settings = json_object ();

  for (uint32_t i = 0; used.plugin && i < used.plugin->descriptor.n_node_types; i++) {
    const struct fettle_node_type *type = &used.plugin->node_types[i];

    if (strcmp (type->name, b->target->type) == 0)
      for (uint32_t k = 0; k < type->n_settings; k++) {
        const char *value = b->host->setting (b->c, type->settings[k].name);

        json_object_set_new (settings, type->settings[k].name, value ? json_string (value) : json_null ());
      }
  }
  return settings;
}

/* What only some operations are given. */
static void
add_more (json_t *j, const struct fettle_bridge *b)
{
  json_t *phases;

  if (b->phases) {
    phases = json_array ();
    if (b->phases & FETTLE_INVENTORY)
      json_array_append_new (phases, json_string ("inventory"));
    if (b->phases & FETTLE_DEPLOYMENT)
      json_array_append_new (phases, json_string ("deployment"));
    json_object_set_new (j, "phases", phases);
  }
  if (b->former)
    json_object_set_new (j, "former", json_string (b->former));
  if (b->url)
    json_object_set_new (j, "url", json_string (b->url));
}

static json_t *
question (const struct fettle_bridge *b)
{
  const struct fettle_target *t = b->target;
  const struct fettle_image *i = b->image;
  json_t *j = json_pack ("{s:i s:s s:s s:{s:s s:s s:s s:s? s:I} s:s? s:o}", "fettle_exec", 1, "call", b->operation,
                         "type", t->type, "target", "address", t->address, "name", t->name, "operation", t->operation,
                         "message", t->message, "delay_s", (json_int_t) t->delay_s, "token", b->host->token (b->c),
                         "settings", settings_of (b));

  if (i)
    json_object_set_new (j, "image", json_pack ("{s:s s:s s:s? s:s s:b s:b s:o}", "id", i->id, "format", i->format,
                                                "match", i->match, "version", i->version, "downgrade",
                                                (i->flags & FETTLE_IMAGE_DOWNGRADE) != 0, "rewrite",
                                                (i->flags & FETTLE_IMAGE_REWRITE) != 0, "files", files_of (i)));
  add_more (j, b);
  return j;
}

/* Without one there is nothing to restore. */
static bool
take_former (const json_t *former)
{
  free (used.former);
  used.former = NULL;
  if (!former || json_is_null (former))
    return true;
  if (!json_is_string (former) || json_string_length (former) > FORMER_MAX)
    return false;
  used.former = strdup (json_string_value (former));
  return used.former != NULL;
}

/* {"return": ...}, which ends it. */
static fettle_result
take_return (struct talk *t, const json_t *j, uint32_t *ret_score)
{
  const struct fettle_host *h = t->b->host;
  const char *word = json_string_value (json_object_get (j, "return")), *text;
  json_int_t score = json_integer_value (json_object_get (j, "score"));
  fettle_result r = word ? fettle_result_by_name (word) : FETTLE_E_INTERNAL;

  if (!word || strcmp (fettle_result_name (r), word) != 0)
    return fail (t, FETTLE_E_PROTOCOL, "returned what is no result: fettle-exec(5) has their names");
  if (r == FETTLE_AGAIN)
    return h->again (t->b->c, (uint32_t) json_integer_value (json_object_get (j, "delay_s")),
                     json_string_value (json_object_get (j, "token")) ? json_string_value (json_object_get (j, "token"))
                                                                      : "");
  if (score < 0 || score > 100)
    return fail (t, FETTLE_E_PROTOCOL, "returned a score that isn't from 0 to 100");
  *ret_score = (uint32_t) score;
  if (t->b->phases && r == FETTLE_OK && !take_former (json_object_get (j, "former")))
    return fail (t, FETTLE_E_PROTOCOL, "returned a \"former\" that isn't text of at most 60 KiB");
  text = json_string_value (json_object_get (j, "why"));
  if (r < 0 && text && *text)
    return h->error (t->b->c, r, text);
  return r;
}

fettle_result
fettle_bridge_talk (struct fettle_bridge *b, uint32_t *ret_score)
{
  struct talk t = { .b = b, .lines = FETTLE_BUF_INIT (FETTLE_BRIDGE_LINE) };
  fettle_result r = say (&t, question (b));
  bool returned = false;

  while (r == FETTLE_OK && !returned) {
    _cleanup_json_ json_t *line = NULL;

    r = next_line (&t, &line);
    returned = line && json_object_get (line, "return");
    if (r == FETTLE_OK)
      r = returned ? take_return (&t, line, ret_score) : say (&t, fettle_bridge_do (b, line));
  }
  fettle_buf_clear (&t.lines);
  return r;
}

/* ---- Operations ---- */

static fettle_result
run (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *target, struct fettle_bridge b,
     uint32_t *ret_score)
{
  struct fettle_error err;
  uint32_t score = 0;
  fettle_result r;

  if (fettle_bridge_start (&err))
    return h->error (c, err.code, err.text);
  b.host = h;
  b.c = c;
  b.target = target;
  b.timeout_s = used.plugin->timeout_s;
  b.program = used.program;
  r = fettle_bridge_talk (&b, ret_score ? ret_score : &score);
  fettle_program_end (&b.program);
  used.started = false;
  return r;
}

static fettle_result
probe (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, uint32_t *score)
{
  return run (h, c, t, (struct fettle_bridge) { .operation = "probe" }, score);
}

static fettle_result
inventory (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  return run (h, c, t, (struct fettle_bridge) { .operation = "inventory" }, NULL);
}

static fettle_result
deploy (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t,
        const struct fettle_image *image)
{
  return run (h, c, t, (struct fettle_bridge) { .operation = "deploy", .image = image }, NULL);
}

static fettle_result
cleanup (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  return run (h, c, t, (struct fettle_bridge) { .operation = "cleanup" }, NULL);
}

static fettle_result
activate (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t)
{
  return run (h, c, t, (struct fettle_bridge) { .operation = "activate" }, NULL);
}

static fettle_result
firewall_open (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, uint32_t phases,
               const char **former)
{
  fettle_result r = run (h, c, t, (struct fettle_bridge) { .operation = "firewall_open", .phases = phases }, NULL);

  if (r == FETTLE_OK)
    *former = used.former;
  return r;
}

static fettle_result
firewall_restore (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, const char *former)
{
  return run (h, c, t, (struct fettle_bridge) { .operation = "firewall_restore", .former = former }, NULL);
}

static fettle_result
reach_back (const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t, const char *url)
{
  return run (h, c, t, (struct fettle_bridge) { .operation = "reach_back", .url = url }, NULL);
}

bool
fettle_bridge_offer (struct fettle_node_type *t, const char *operation)
{
  const char *o = operation ? operation : "";

  if (strcmp (o, "probe") == 0)
    t->probe = probe;
  else if (strcmp (o, "inventory") == 0)
    t->inventory = inventory;
  else if (strcmp (o, "deploy") == 0)
    t->deploy = deploy;
  else if (strcmp (o, "cleanup") == 0)
    t->cleanup = cleanup;
  else if (strcmp (o, "activate") == 0)
    t->activate = activate;
  else if (strcmp (o, "firewall_open") == 0)
    t->firewall_open = firewall_open;
  else if (strcmp (o, "firewall_restore") == 0)
    t->firewall_restore = firewall_restore;
  else if (strcmp (o, "reach_back") == 0)
    t->reach_back = reach_back;
  else
    return false;
  return true;
}
