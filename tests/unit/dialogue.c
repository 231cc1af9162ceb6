/* dialogue.c - conversations with a node that is a script: what it says, what
 * must be said to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fettle/dialogue.h>
#include <fettle/services.h>

#include "../../sdk/lib/dialogue-internal.h"

/* ---- the node ---- */

/* A script has "<" and what the node says, ">" and what must be said to it, "!"
 * filled, "=N" a result of reading, NULL the end. */
static const char *const *script;
static size_t said;       /* bytes of the current "<" */
static size_t piece;      /* how many bytes it says at once */
static int opened, closed;
static char error_text[2000];
static fettle_result error_code;
static int32_t stop;

static fettle_result
fake_open (fettle_ctx *c, const struct fettle_ssh_shell *o)
{
  (void) c;
  assert_int_equal (o->struct_size, sizeof *o);
  assert_int_equal (o->port, 22);
  opened++;
  return FETTLE_OK;
}

static fettle_result
hear (char kind, const char *text, size_t size)
{
  if (!*script || (*script)[0] != kind || strlen (*script + 1) != size || memcmp (*script + 1, text, size) != 0)
    fail_msg ("said %c\"%.*s\" where \"%s\" was wanted", kind, (int) size, text, *script ? *script : "nothing");
  script++;
  return FETTLE_OK;
}

static fettle_result
fake_write (fettle_ctx *c, const void *data, size_t size)
{
  (void) c;
  return hear ('>', data, size);
}

static fettle_result
fake_write_filled (fettle_ctx *c, const char *text)
{
  (void) c;
  return hear ('!', text, strlen (text));
}

static int64_t
fake_read (fettle_ctx *c, void *buffer, size_t size, uint32_t ms)
{
  size_t n;

  (void) c, (void) ms;
  if (!*script)
    return 0;
  if ((*script)[0] == '=')
    return atoi (*script++ + 1);
  if ((*script)[0] != '<')
    return FETTLE_E_TIMEOUT;
  n = strlen (*script + 1 + said);
  if (piece && n > piece)
    n = piece;
  assert_true (n <= size);
  memcpy (buffer, *script + 1 + said, n);
  said += n;
  if (!(*script)[1 + said]) {
    script++;
    said = 0;
  }
  return (int64_t) n;
}

static void
fake_close (fettle_ctx *c)
{
  (void) c;
  closed++;
}

static struct fettle_ssh ssh = {
  .struct_size = sizeof ssh, .version = 1, .shell_open = fake_open, .shell_write = fake_write,
  .shell_write_filled = fake_write_filled, .shell_read = fake_read, .shell_close = fake_close,
};

static fettle_result
fake_error (fettle_ctx *c, fettle_result code, const char *text)
{
  (void) c;
  snprintf (error_text, sizeof error_text, "%s", text);
  return error_code = code;
}

static int32_t
fake_aborted (fettle_ctx *c)
{
  (void) c;
  return stop;
}

static const void *
fake_service (fettle_ctx *c, const char *name, uint32_t version)
{
  (void) c;
  assert_string_equal (name, "ssh");
  assert_int_equal (version, 1);
  return &ssh;
}

static const struct fettle_host host = { .struct_size = sizeof host, .error = fake_error,
                                         .aborted = fake_aborted, .service = fake_service };
static const struct fettle_dialogue_rule more[] = { FETTLE_DIALOGUE_MORE };
static struct fettle_dialogue_options options;

static int
setup (void **state)
{
  (void) state;
  options = (struct fettle_dialogue_options) { .port = 22, .prompt = "^[a-z]+> $", .rules = more, .n_rules = 1,
                                               .settle_ms = 1, .time_ms = 2000 };
  said = piece = 0;
  opened = closed = stop = 0;
  error_text[0] = '\0';
  error_code = 0;
  ssh.struct_size = sizeof ssh;
  return 0;
}

static struct fettle_dialogue *
open_to (const char *const *lines)
{
  struct fettle_dialogue *d = NULL;

  script = lines;
  assert_int_equal (fettle_dialogue_open (&host, NULL, NULL, &options, &d), FETTLE_OK);
  return d;
}

/* ---- what goes well ---- */

static void
test_questions (void **state)
{
  static const char *const lines[] = { "<Welcome\r\n", "<\r\nx> ", ">show\n", "<show\r\na: 1\r\n", "<b: 2  \r\nx> ",
                                       ">more\n", "<x> more\r\none\r\n--More-- (50%)", "> ",
                                       "<\r              \rtwo\r\nx> ", ">none\n", "<x> ", ">bye\n", NULL };
  struct fettle_dialogue *d;
  const char *text;

  (void) state;
  options.leave = "bye";
  for (piece = 0; piece < 3; piece++) {
    d = open_to (lines);
    assert_string_equal (fettle_dialogue_greeting (d), "Welcome\n\n");
    assert_string_equal (fettle_dialogue_prompt (d), "x> ");
    assert_int_equal (fettle_dialogue_run (d, "show", &text), FETTLE_OK);
    assert_string_equal (text, "a: 1\nb: 2\n");
    assert_int_equal (fettle_dialogue_run (d, "more", &text), FETTLE_OK);
    assert_string_equal (text, "one\ntwo\n");
    assert_int_equal (fettle_dialogue_run (d, "none", &text), FETTLE_OK);
    assert_string_equal (text, "");
    fettle_dialogue_close (d, FETTLE_OK);
    assert_null (*script);
    assert_string_equal (error_text, "");
  }
  assert_int_equal (closed, opened);
}

/* A line that looks like the prompt until its rest comes. */
static void
test_settles (void **state)
{
  static const char *const lines[] = { "<x> ", ">show\n", "<x> ", "<goes on\r\n", "<y\r\nx> ", ">", NULL };
  struct fettle_dialogue *d = open_to (lines);
  const char *text;

  (void) state;
  assert_int_equal (fettle_dialogue_run (d, "show", &text), FETTLE_OK);
  assert_string_equal (text, "x> goes on\ny\n");
  fettle_dialogue_close (d, FETTLE_OK);
}

static fettle_result
count_line (void *opaque, const char *text)
{
  char *all = opaque;

  strcat (strcat (all, text), "/");
  return strcmp (text, "stop") == 0 ? FETTLE_E_BUSY : FETTLE_OK;
}

static void
test_answers (void **state)
{
  static const char *const lines[] = { "<x> ", "!load ftp %{text:user} %{text:password} x\n",
                                       "<x> load ftp adm s3cret x\r\nPassword: ", "!%{text:password}\n",
                                       "<\r\nSure? [y/n]: ", ">y\n", "<y\r\n10%\r50%\r100%\r\ndone\r\nz# ", ">", NULL };
  static const struct fettle_dialogue_rule rules[] = {
    { "Password: $", "%{text:password}\n", FETTLE_E_AUTH, FETTLE_DIALOGUE_FILL, 1 },
    { "Sure\\? \\[y/n\\]: $", "y\n", 0, 0, 0 },
    { "^z# $", NULL, FETTLE_E_INTERNAL, 0, 0 },
  };
  char seen[200] = "";
  const struct fettle_dialogue_ask ask = { .command = "load ftp %{text:user} %{text:password} x", .rules = rules, .n_rules = 2,
                                           .flags = FETTLE_DIALOGUE_FILL, .line = count_line, .opaque = seen };
  struct fettle_dialogue *d = open_to (lines);
  const char *text;

  (void) state;
  assert_int_equal (fettle_dialogue_set_prompt (d, "^[a-z]# $"), FETTLE_OK);
  assert_int_equal (fettle_dialogue_ask (d, &ask, &text), FETTLE_OK);
  assert_string_equal (text, "Password: \n\nSure? [y/n]: \ny\n100%\ndone\n");
  assert_string_equal (seen, "/y/100%/done/");
  assert_string_equal (fettle_dialogue_prompt (d), "z# ");
  fettle_dialogue_close (d, FETTLE_OK);
}

/* ---- what doesn't ---- */

static void
fails (const char *const *lines, const struct fettle_dialogue_ask *ask, fettle_result code, const char *why)
{
  struct fettle_dialogue *d = open_to (lines);
  const char *text;

  options.leave = "never said";
  assert_int_equal (fettle_dialogue_ask (d, ask, &text), code);
  assert_int_equal (error_code, code);
  if (!strstr (error_text, why)) {
    print_message ("# the message is: %s\n", error_text);
    fail ();
  }
  assert_string_equal (fettle_dialogue_why (d), error_text);
  assert_null (strstr (error_text, "s3cret"));
  /* It is over. */
  assert_int_equal (fettle_dialogue_run (d, "show", &text), FETTLE_E_UNREACHABLE);
  assert_non_null (strstr (error_text, "over"));
  fettle_dialogue_close (d, code);
  assert_int_equal (closed, opened);
}

static void
test_failures (void **state)
{
  static const char *const again[] = { "<x> ", ">do\n", "<Password: ", "!%{text:password}\n", "<\r\nno\r\nPassword: ", ">", NULL };
  static const char *const wants[] = { "<x> ", ">do\n", "<do\r\nall will go\r\nType YES: ", ">", NULL };
  static const char *const gone[] = { "<x> ", ">do\n", "<working\r\nstill", NULL };
  static const char *const lost[] = { "<x> ", ">do\n", "<working\r\n", "=-4", NULL };
  static const char *const echo[] = { "<x> ", "!do %{text:password}\n", "<do s3cret\r\nworking\r\n", "=-4", NULL };
  static const char *const never[] = { "<x> ", ">do\n", "<working\r\n", ">", NULL };
  static const struct fettle_dialogue_rule rules[] = {
    { "Password: $", "%{text:password}\n", FETTLE_E_AUTH, FETTLE_DIALOGUE_FILL, 0 }, { "YES: $", NULL, 0, 0, 0 },
  };
  struct fettle_dialogue_ask ask = { .command = "do", .rules = rules, .n_rules = 2 };

  (void) state;
  fails (again, &ask, FETTLE_E_AUTH, "\"do\": the node asks again, after 1 answer; it said: Password:  | no | Password: ");
  fails (wants, &ask, FETTLE_E_REJECTED, "\"do\": the node wants what it can't be given; it said: all will go | Type YES: ");
  fails (gone, &ask, FETTLE_E_UNREACHABLE, "\"do\": the node ended the conversation; it said: working | still");
  fails (lost, &ask, FETTLE_E_UNREACHABLE, "\"do\": the connection was lost; it said: working");
  ask.time_ms = 20;
  fails (never, &ask, FETTLE_E_TIMEOUT, "\"do\": no prompt came in time; it said: working");
  ask.time_ms = 0;
  ask.command = "do %{text:password}";
  ask.flags = FETTLE_DIALOGUE_FILL;
  fails (echo, &ask, FETTLE_E_UNREACHABLE, "\"do %{text:password}\": the connection was lost; it said: working");
}

static void
test_ends (void **state)
{
  static const char *const lines[] = { "<x> ", ">reboot\n", "<going down", NULL };
  static const char *const stopped[] = { "<x> ", ">do\n", "<a\r\nstop\r\nb\r\n", "<x> ", NULL };
  char seen[200] = "";
  struct fettle_dialogue_ask ask = { .command = "reboot", .flags = FETTLE_DIALOGUE_ENDS };
  struct fettle_dialogue *d = open_to (lines);
  const char *text;

  (void) state;
  assert_int_equal (fettle_dialogue_ask (d, &ask, &text), FETTLE_OK);
  assert_true (fettle_dialogue_ended (d));
  assert_string_equal (text, "going down\n");
  assert_int_equal (fettle_dialogue_run (d, "show", &text), FETTLE_E_UNREACHABLE);
  fettle_dialogue_close (d, FETTLE_OK);
  ask = (struct fettle_dialogue_ask) { .command = "do", .line = count_line, .opaque = seen };
  d = open_to (stopped);
  assert_int_equal (fettle_dialogue_ask (d, &ask, &text), FETTLE_E_BUSY);
  assert_string_equal (seen, "a/stop/");
  fettle_dialogue_close (d, FETTLE_E_BUSY);
}

static void
test_limits (void **state)
{
  static const char *const lines[] = { "<x> ", ">do\n", "<1\r\n2\r\n3\r\n4\r\n5\r\nx> ", NULL };
  static const struct fettle_dialogue_ask ask = { .command = "do" };
  static const struct fettle_dialogue_ask two = { .command = "do\nthat" };
  static const char *const none[] = { "<x> ", ">", NULL };
  char *big = calloc (1, 6001);
  const char *const wide[] = { "<x> ", ">do\n", big, NULL };

  (void) state;
  options.lines_max = 4;
  fails (lines, &ask, FETTLE_E_PROTOCOL, "the answer is too long");
  options.lines_max = 5;
  options.bytes_max = 10;
  fails (lines, &ask, FETTLE_E_PROTOCOL, "the answer is too long");
  options.bytes_max = 0;
  memset (big, 'x', 6000);
  big[0] = '<';
  fails (wide, &ask, FETTLE_E_PROTOCOL, "or a line of 4096 bytes");
  fails (none, &two, FETTLE_E_INTERNAL, "a command is one line");
  free (big);
}

static void
test_open (void **state)
{
  static const char *const refused[] = { "<no more sessions\r\n", NULL };
  struct fettle_dialogue *d = NULL;

  (void) state;
  script = refused;
  assert_int_equal (fettle_dialogue_open (&host, NULL, NULL, &options, &d), FETTLE_E_UNREACHABLE);
  assert_string_equal (error_text, "logging in: the node ended the conversation; it said: no more sessions");
  options.prompt = "(";
  assert_int_equal (fettle_dialogue_open (&host, NULL, NULL, &options, &d), FETTLE_E_CONFIG);
  assert_non_null (strstr (error_text, "the pattern \"(\" isn't one"));
  ssh.struct_size = offsetof (struct fettle_ssh, shell_open);
  assert_int_equal (fettle_dialogue_open (&host, NULL, NULL, &options, &d), FETTLE_E_SERVICE);
  assert_null (d);
  assert_int_equal (closed, 2);
}

/* ---- text ---- */

static void
test_screen (void **state)
{
  static const struct { const char *in, *text, *line; } all[] = {
    { "a\r\nb", "a\n", "b" }, { "a\n\n", "a\n\n", "" }, { "--More--\r        \rtwo\n", "two\n", "" },
    { "--More--\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\btwo", "", "two     " }, { "\033[1mbold\033[0m> ", "", "bold> " },
    { "\033]0;title\007x> ", "", "x> " }, { "\033]0;title\033\\x> ", "", "x> " }, { "long line\r\033[Kx> ", "", "x> " },
    { "a\033[\nb", "a\n", "b" }, { "\b\bx", "", "x" }, { "a\001\177b\t \r\n", "ab\n", "" }, { "50%\r60%", "", "60%" },
    { "\033(Bx", "", "x" },
  };

  (void) state;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    struct fettle_dialogue_screen s = { .bytes_max = 1000, .lines_max = 100 };
    const char *p = all[i].in;
    size_t left = strlen (p), n;

    for (; left; p += n, left -= n) {
      int line;

      n = fettle_dialogue_screen_take (&s, p, left, &line);
      assert_int_not_equal (n, 0);
      if (line)
        assert_true (fettle_dialogue_screen_keep (&s));
    }
    assert_string_equal (s.text ? s.text : "", all[i].text);
    assert_string_equal (s.line, all[i].line);
    fettle_dialogue_screen_free (&s);
  }
}

static void
test_echo (void **state)
{
  static const struct { const char *line, *command; int is; } all[] = {
    { "show", "show", 1 }, { "x> show", "show", 1 }, { "xshow", "show", 0 }, { "show it", "show", 0 }, { "", "show", 0 },
    { "do a s3cret b", "do a %{text:password} b", 1 }, { "do a  b", "do a %{text:password} b", 1 },
    { "x# do pw", "do %{text:password}", 1 }, { "do", "do %{text:password}", 0 },
    { "do a b c d", "do %{text:user} b %{text:password} d", 1 }, { "do b b b", "do %{text:user} b", 1 },
    { "", "", 1 }, { "x", "", 0 }, { "%{", "%{", 1 },
  };

  (void) state;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    assert_int_equal (fettle_dialogue_is_echo (all[i].line, all[i].command), all[i].is);
}

static void
test_find (void **state)
{
  const char *text = "one\nError: two\nthree";
  size_t size = 0;

  (void) state;
  assert_ptr_equal (fettle_dialogue_find (text, "^Error: ", &size), text + 4);
  assert_int_equal (size, 10);
  assert_ptr_equal (fettle_dialogue_find (text, "e$", &size), text);
  assert_ptr_equal (fettle_dialogue_find (text + 4, "e$", &size), text + 15);
  assert_null (fettle_dialogue_find (text, "four", &size));
  assert_null (fettle_dialogue_find (text, "(", &size));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup (test_questions, setup), cmocka_unit_test_setup (test_settles, setup),
    cmocka_unit_test_setup (test_answers, setup), cmocka_unit_test_setup (test_failures, setup),
    cmocka_unit_test_setup (test_ends, setup), cmocka_unit_test_setup (test_limits, setup),
    cmocka_unit_test_setup (test_open, setup), cmocka_unit_test (test_screen), cmocka_unit_test (test_echo),
    cmocka_unit_test (test_find),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
