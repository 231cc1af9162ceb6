/* scexe.c - HPE's shell archive: a script with a line "_SKIP=n", and from the
 * n-th line on a compressed tar.  See formats.h.
 *
 * What is in it is read through; an XML of it may say what it is for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "baseline/container.h"
#include "baseline/formats.h"
#include "util/text.h"

enum { SCRIPT_MAX = 1 << 20, LINES_MAX = 20000, XML_MAX = 8 << 20, FILES_MAX = 10000 };

/* What is behind the script: first what was read together with it. */
struct rest {
  struct fettle_source *source;
  const char *data;
  size_t size;
};

static ssize_t
read_rest (void *opaque, const void **ret_data, char *why, size_t why_size)
{
  struct rest *rest = opaque;
  ssize_t n = (ssize_t) rest->size;

  *ret_data = rest->data;
  rest->size = 0;
  if (n)
    return n;
  n = fettle_source_read (rest->source, ret_data);
  if (n < 0)
    snprintf (why, why_size, "%s", fettle_source_why (rest->source));
  return n;
}

/* The value of "_SKIP=" at the beginning of a line: 0, not yet. */
static uint64_t
find_skip (const char *text, size_t size)
{
  const char *end = text + size;
  char number[16];
  uint64_t value;

  while (text && text + 6 < end) {
    if (memcmp (text, "_SKIP=", 6) == 0) {
      size_t n = 0;

      for (text += 6; text < end && *text >= '0' && *text <= '9' && n + 1 < sizeof number; text++)
        number[n++] = *text;
      number[n] = '\0';
      return text < end && fettle_parse_uint (number, 2, LINES_MAX, &value) ? value : 0;
    }
    text = memchr (text, '\n', (size_t) (end - text));
    text = text ? text + 1 : NULL;
  }
  return 0;
}

/* Where that line begins; 0: not in these bytes. */
static size_t
begin_of_line (const char *text, size_t size, uint64_t line)
{
  const char *p = text, *end = text + size;

  while (--line) {
    p = memchr (p, '\n', (size_t) (end - p));
    if (!p)
      return 0;
    p++;
  }
  return (size_t) (p - text);
}

static fettle_result
read_script (struct fettle_source *s, struct fettle_buf *script, size_t *ret_begin,
             struct fettle_error *err)
{
  const void *data;
  ssize_t n;

  while ((n = fettle_source_read (s, &data)) > 0) {
    uint64_t skip;

    if (!script->size && (n < 2 || memcmp (data, "#!", 2) != 0))
      return fettle_error_set (err, FETTLE_E_UNSUPPORTED, "it isn't a shell archive: no script is at its"
                                                     " beginning");
    if (!fettle_buf_add (script, data, (size_t) n))
      break;
    skip = find_skip (script->data, script->size);
    *ret_begin = skip ? begin_of_line (script->data, script->size, skip) : 0;
    if (*ret_begin)
      return FETTLE_OK;
  }
  return n < 0 ? fettle_error_set (err, FETTLE_E_CONFIG, "%s", fettle_source_why (s))
               : fettle_error_set (err, FETTLE_E_UNSUPPORTED,
                                   "it isn't a shell archive: its script has no line _SKIP=n, or not"
                                   " so many lines");
}

static fettle_result
read_member (struct fettle_container *c, const char *path, struct fettle_abouts *a,
             struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_source) struct fettle_source *s = NULL;
  _cleanup_ (fettle_buf_clear) struct fettle_buf text = FETTLE_BUF_INIT (XML_MAX);
  size_t end = strlen (path);
  bool xml = end > 4 && strcmp (path + end - 4, ".xml") == 0 && !a->n;
  const void *data;
  fettle_result r = fettle_container_source (c, &s, err);
  ssize_t n = 0;

  while (!r && (n = fettle_source_read (s, &data)) > 0)
    xml = xml && fettle_buf_add (&text, data, (size_t) n);
  if (!r && n < 0)
    r = fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s is broken: %s", path, fettle_source_why (s));
  if (r || !xml)
    return r;
  r = fettle_document_xml (fettle_buf_text (&text), text.size, a, err);
  return r == FETTLE_E_UNSUPPORTED ? FETTLE_OK : r;
}

static fettle_result
read_tar (struct fettle_source *s, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_ (fettle_cleanup_container) struct fettle_container *c = NULL;
  _cleanup_free_ struct fettle_member *m = malloc (sizeof *m);
  fettle_result r = m ? fettle_container_open (s, &c, err) : fettle_about_no_memory (err);

  for (unsigned n = 0; !r; n++) {
    r = fettle_container_next (c, m, err);
    if (r || m->kind == FETTLE_MEMBER_END)
      break;
    if (n >= FILES_MAX)
      return fettle_error_set (err, FETTLE_E_CONFIG, "it has more than %d files", FILES_MAX);
    if (m->kind == FETTLE_MEMBER_PROBLEM)
      return fettle_error_set (err, FETTLE_E_CONFIG, "its %.200s: %.200s", m->path, m->text);
    if (m->kind == FETTLE_MEMBER_FILE)
      r = read_member (c, m->path, a, err);
  }
  return r ? r : fettle_container_finish (c, err);
}

static fettle_result
own (struct fettle_abouts *a, struct fettle_error *err)
{
  if (!a->n && !fettle_about_add (a, NULL, err))
    return err->code;
  for (size_t i = 0; i < a->n; i++) {
    free (a->list[i]->file);
    a->list[i]->file = NULL;
    a->list[i]->stem = false;
    if (!fettle_component_set (&a->list[i]->c.format, "scexe"))
      return fettle_about_no_memory (err);
  }
  a->complete = false;
  return FETTLE_OK;
}

fettle_result
fettle_scexe_read (struct fettle_source *s, struct fettle_abouts *a, struct fettle_error *err)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf script = FETTLE_BUF_INIT (SCRIPT_MAX);
  _cleanup_ (fettle_cleanup_source) struct fettle_source *tar = NULL;
  struct rest rest = { .source = s };
  size_t begin = 0;
  fettle_result r = read_script (s, &script, &begin, err);

  if (r)
    return r;
  rest.data = script.data + begin;
  rest.size = script.size - begin;
  r = fettle_source_of_stream (&(struct fettle_stream) { read_rest, &rest }, fettle_source_size (s),
                               &tar, err);
  if (!r)
    r = read_tar (tar, a, err);
  return r ? fettle_error_prefix (err, "what is packed in it: ") : own (a, err);
}
