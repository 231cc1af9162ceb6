/* What a Windows node says: answers of winreg and svcctl, values of its
 * registry, a whole inventory of such answers, its SMBIOS table, results and
 * WMI's lines of our own program.  The first byte says which.  Texts end, are on one line, and no more is there than
 * was said.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "../../plugins/windows/commands.h"
#include "../../plugins/windows/run.h"
#include "../../plugins/windows/wmi.h"
#include "fuzz/fuzz.h"

const unsigned char windows_target[] = { 0 };
const size_t windows_target_size = 0;

static void
host_log (fettle_ctx *c, uint32_t level, const char *text)
{
  (void) c;
  (void) level;
  MUST (strlen (text) < 1024);
}

static fettle_result
host_error (fettle_ctx *c, fettle_result code, const char *text)
{
  host_log (c, 0, text);
  return code;
}

/* Every class of WMI makes an item. */
static const char *
host_quirk (fettle_ctx *c, const char *model, const char *key)
{
  (void) c;
  (void) model;
  return strcmp (key, "unless") == 0 ? NULL : strcmp (key, "kind") == 0 ? "hardware"
         : strcmp (key, "match") == 0 ? "device:{A}" : strcmp (key, "tpm") == 0 ? "A=B" : "{A}{B}";
}

static fettle_result
host_add_item (fettle_ctx *c, const struct fettle_item *i)
{
  (void) c;
  MUST (i->id[0] && i->kind[0] && i->name[0] && strlen (i->id) < 400 && !strchr (i->id, ' '));
  MUST (!i->match || (i->match[0] && strlen (i->match) < MATCH_MAX));
  return FETTLE_OK;
}

static int32_t
host_aborted (fettle_ctx *c)
{
  (void) c;
  return 0;
}

static const char *
host_setting (fettle_ctx *c, const char *name)
{
  (void) c;
  return strcmp (name, "windows_drivers") == 0 ? "yes" : NULL;
}

static const struct fettle_host host = {
  .struct_size = sizeof host, .abi = FETTLE_ABI, .log = host_log, .error = host_error, .quirk = host_quirk, .add_item = host_add_item,
  .aborted = host_aborted, .setting = host_setting,
};

/* ---- a node whose answers are the input, each with its length before it ---- */

static const uint8_t *answers;
static size_t answers_left;
static uint8_t *answered;

static fettle_result
rpc_call (fettle_ctx *c, int32_t handle, uint32_t opnum, const void *in, size_t in_size, uint32_t timeout_ms, const void **ret,
          size_t *ret_size)
{
  size_t n = answers_left ? answers[0] : 0;

  (void) c;
  (void) handle;
  (void) opnum;
  (void) timeout_ms;
  MUST (in && in_size > 0);
  if (answers_left == 0)
    return FETTLE_E_UNREACHABLE;
  if (n > answers_left - 1)
    n = answers_left - 1;
  free (answered); /* in memory of its exact size */
  answered = malloc (n + 1);
  MUST (answered);
  memcpy (answered, answers + 1, n);
  answers += n + 1;
  answers_left -= n + 1;
  *ret = answered;
  *ret_size = n;
  return FETTLE_OK;
}

static fettle_result
smb_connect (fettle_ctx *c, struct fettle_smb_facts *facts)
{
  (void) c;
  facts->os_major = 10;
  return FETTLE_OK;
}

static void
inventory (const uint8_t *data, size_t size)
{
  static const struct fettle_smb smb = { .struct_size = sizeof smb, .version = 1, .rpc_call = rpc_call, .connect = smb_connect };
  struct inventory *v = calloc (1, sizeof *v);
  const char *why;

  MUST (v);
  v->w = (struct win) { .h = &host, .smb = &smb };
  v->g.w = &v->w;
  v->g.pipe = 1;
  answers = data;
  answers_left = size;
  if (win_read_system (v) == FETTLE_OK && win_read_drivers (v) == FETTLE_OK && win_read_software (v) == FETTLE_OK
      && win_read_hotfixes (v) == FETTLE_OK && win_read_services (v) == FETTLE_OK)
    win_reboot_pending (&v->g, &why);
  free (answered);
  answered = NULL;
  free (v);
}

static void
is_clean (const char *text, size_t size)
{
  MUST (memchr (text, '\0', size));
  for (; *text; text++)
    MUST ((unsigned char) *text >= 0x20 && *text != 0x7f);
}

static void
values (struct ndr_in *in)
{
  char text[200], name[REG_NAME_MAX];
  struct reg_value v;
  uint32_t error;
  struct ndr_in again = *in;

  if (reg_take_value (in, &v, &error) == 0) {
    MUST (v.size <= in->size && !v.data == !v.size);
    reg_value_text (&v, text, sizeof text);
    MUST (strlen (text) < sizeof text);
  }
  reg_value_clear (&v);
  reg_take_subkey (&again, name, &error);
  is_clean (name, sizeof name);
}

static void
services (struct ndr_in *in)
{
  struct ndr_in again = *in;
  struct svc_status st;
  uint32_t start, error;

  svc_take_status (in, &st, &error);
  svc_take_config (&again, &start, &error);
}

static void
table (const uint8_t *data, size_t size)
{
  struct smbios b;

  if (smbios_read (data, size, &b) != 0)
    return;
  MUST (b.n_slots <= SMBIOS_SLOTS && b.n_processors <= SMBIOS_PROCESSORS);
  is_clean (b.serial, sizeof b.serial);
  is_clean (b.uuid, sizeof b.uuid);
  is_clean (b.bios_version, sizeof b.bios_version);
  for (size_t i = 0; i < b.n_slots; i++)
    is_clean (b.slots[i].name, sizeof b.slots[i].name);
}

static void
words (const char *text)
{
  char match[MATCH_MAX], name[40], version[40], meaning[200], word[WORD_MAX];

  win_device_match (text, match);
  is_clean (match, sizeof match);
  if (win_hotfix (text, name, version))
    MUST (name[0] && version[0]);
  MUST (!strchr (win_word (word, sizeof word, text), ' '));
  MUST (command_exit_of (text, 1, meaning) <= EXIT_FAILED && strlen (meaning) < sizeof meaning);
  MUST (win_is_system_path (text) <= 1 && win_scheme (text, NULL));
}

static void
own_program (char *text, size_t size)
{
  struct win w = { .h = &host };
  struct inventory *v = calloc (1, sizeof *v);
  struct run r;

  MUST (v);
  run_init (&r, &w, "fettle-t-1");
  run_read_result (text, size, &r);
  MUST (memchr (r.failed, '\0', sizeof r.failed));
  v->w = w;
  MUST (wmi_read (v, text) == FETTLE_OK);
  free (v);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct ndr_in in;
  char *text;

  if (size < 1)
    return 0;
  text = malloc (size);
  MUST (text);
  memcpy (text, data + 1, size - 1);
  text[size - 1] = '\0';
  ndr_in_init (&in, data + 1, size - 1);
  switch (data[0]) {
  case 'r':
    values (&in);
    break;
  case 's':
    services (&in);
    break;
  case 'i':
    inventory (data + 1, size - 1);
    break;
  case 't':
    table (data + 1, size - 1);
    break;
  case 'w':
    words (text);
    break;
  default:
    own_program (text, size - 1);
  }
  free (text);
  return 0;
}
