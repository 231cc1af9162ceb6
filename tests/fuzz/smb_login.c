/* What a node says before anybody has logged in: an answer of SMB, its offer,
 * SPNEGO, NTLM's challenge, NetBIOS names.  The first byte says which.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include "fuzz/fuzz.h"
#include "transport/smb-spnego.h"
#include "transport/smb.h"

static void
answer (struct fettle_bytes in)
{
  struct fettle_smb_answer a;
  struct fettle_smb_offer o;
  const char *why = NULL;
  bool not_ours;

  if (!fettle_smb_parse (in, SMB_NEGOTIATE, 0, &a, &not_ours, &why)) {
    MUST (why && *why);
    return;
  }
  MUST (a.body.size + SMB_HEADER == in.size);
  if (fettle_smb_read_offer (&a, &o, &why)) {
    MUST (o.dialect >= 0x0210 && o.dialect <= 0x0311 && o.cipher <= 4 && o.signing <= 2);
    MUST (o.dialect != 0x0311 || o.preauth);
    MUST (!o.blob.size || (o.blob.data >= in.data && o.blob.data + o.blob.size <= in.data + in.size));
    (void) fettle_spnego_offers (o.blob);
  }
}

static void
respond (struct fettle_bytes in)
{
  static const struct fettle_ntlm_account account = { "D\\u", "p", "w", "cifs/x" };
  struct fettle_writer first = FETTLE_WRITER_INIT (256), last = FETTLE_WRITER_INIT (65536);
  struct fettle_ntlm_chance chance = { .time = 1 };
  struct fettle_ntlm_challenge c;
  const char *why = NULL;
  uint8_t key[16];

  if (fettle_ntlm_read_challenge (in, &c, &why)) {
    MUST (strlen (c.told.computer) < FETTLE_NTLM_NAME && strlen (c.told.dns_name) < FETTLE_NTLM_NAME);
    fettle_ntlm_negotiate (&first);
    if (fettle_ntlm_authenticate (&account, &chance, (struct fettle_bytes) { (uint8_t *) first.b.data, first.b.size },
                                  in, &c, &last, key))
      MUST (last.b.size >= 88 && last.b.size <= 65535);
  } else
    MUST (why && *why);
  fettle_writer_clear (&first);
  fettle_writer_clear (&last);
}

static void
names (struct fettle_bytes in)
{
  struct fettle_smb_name_list *l = malloc (sizeof *l);

  MUST (l);
  if (fettle_smb_read_names (in, 0x1234, l))
    for (const char *p = l->text; *p; p++)
      MUST (*p == '\n' || (*p >= ' ' && *p < 0x7f));
  free (l);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct fettle_spnego_answer a;
  struct fettle_bytes in = { data + 1, size - 1 };

  if (!size)
    return 0;
  switch (data[0]) {
  case '0': answer (in); break;
  case '1': respond (in); break;
  case '2': names (in); break;
  default:
    if (fettle_spnego_read (in, &a)) {
      MUST (a.state >= -1 && a.state < 256);
      respond (a.token);
    }
    MUST (fettle_spnego_offers (in) < 4);
  }
  return 0;
}
