/* smb.c - what smb/1 computes, by published figures: RFC 1320, [MS-NLMP] 4.2.4,
 * and the keys and messages that Microsoft published for SMB 3.0 and
 * 3.1.1 ("Encryption in SMB 3.0: a protocol perspective", "SMB 2 and SMB 3
 * security in Windows 10"); and what it takes for wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "transport/smb-crypto.h"
#include "transport/smb-rpc-pdu.h"
#include "transport/smb-spnego.h"
#include "transport/smb.h"
#include "util/text.h"

/* ---- Hex ---- */

struct hex {
  uint8_t data[1024];
  size_t size;
};

static struct hex
hex (const char *text)
{
  struct hex h = { .size = 0 };

  for (unsigned byte; sscanf (text, " %2x", &byte) == 1; text += 2) {
    text += strspn (text, " \n");
    h.data[h.size++] = (uint8_t) byte;
    assert_true (h.size < sizeof h.data);
  }
  return h;
}

static struct fettle_bytes
bytes (const struct hex *h)
{
  return (struct fettle_bytes) { h->data, h->size };
}

static void
assert_hex (const void *data, size_t size, const char *text)
{
  struct hex wanted = hex (text);

  assert_int_equal (size, wanted.size);
  assert_memory_equal (data, wanted.data, size);
}

static struct fettle_bytes
written (const struct fettle_writer *w)
{
  assert_false (w->bad);
  return (struct fettle_bytes) { (const uint8_t *) w->b.data, w->b.size };
}

/* ---- Hashes ---- */

static void
test_md4 (void **state FETTLE_UNUSED)
{
  static const struct { const char *text, *hash; } rfc1320[] = {
    { "", "31d6cfe0d16ae931b73c59d7e0c089c0" },
    { "a", "bde52cb31de33e46245e05fbdbd6fb24" },
    { "abc", "a448017aaf21d8525fc10ae87aa6729d" },
    { "message digest", "d9130a8164549fe818874806e1c7014b" },
    { "abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9" },
    { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4" },
    { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "e33b4ddc9c38f2199c3e7b164fcc0536" },
  };
  uint8_t out[16];

  for (size_t i = 0; i < COUNT (rfc1320); i++) {
    fettle_md4 (rfc1320[i].text, strlen (rfc1320[i].text), out);
    assert_hex (out, 16, rfc1320[i].hash);
  }
}

/* ---- NTLM: [MS-NLMP] 4.2.4 ---- */

#define SERVER_CHALLENGE "0123456789abcdef"
#define TARGET_INFO "02000c0044006f006d00610069006e0001000c005300650072007600650072000000 0000"
#define CHALLENGE                                                                                    \
  "4e544c4d53535000 02000000 0c000c0038000000 33828ae2" SERVER_CHALLENGE "0000000000000000"          \
  "2400240044000000 060070170000000f 530065007200760065007200" TARGET_INFO

static const struct fettle_ntlm_account account = { "Domain\\User", "Password", "COMPUTER", "cifs/192.0.2.1" };

static void
test_ntlm_figures (void **state FETTLE_UNUSED)
{
  struct hex server = hex (SERVER_CHALLENGE), client = hex ("aaaaaaaaaaaaaaaa"), info = hex (TARGET_INFO);
  struct fettle_writer w = FETTLE_WRITER_INIT (1024);
  uint8_t hash[16], base[16], sealed[16];
  struct hex random = hex ("55555555555555555555555555555555");

  assert_true (fettle_ntlm_hash (&account, hash));
  assert_hex (hash, 16, "0c868a403bfd7a93a3001ef22ef02e3f");
  assert_true (fettle_ntlm_respond (hash, server.data, client.data, 0, bytes (&info), &w, base));
  assert_hex (w.b.data, 16, "68cd0ab851e51c96aabc927bebef6a1c");
  assert_hex (w.b.data + 16, w.b.size - 16,
              "0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000" TARGET_INFO "00000000");
  assert_hex (base, 16, "8de40ccadbc14a82f15cb0ad0de95ca3");
  fettle_rc4 (base, random.data, sealed, 16);
  assert_hex (sealed, 16, "c5dad2544fc9799094ce1ce90bc9d03e");
  fettle_writer_clear (&w);
}

static void
test_ntlm_names (void **state FETTLE_UNUSED)
{
  static const struct { const char *one, *other; bool same; } pairs[] = {
    { "Domain\\User", "Domain\\uSER", true },
    { "Domain\\User", "domain\\User", false },
    { "User", "\\User", true },
    { "user@realm", "USER@REALM", true },
    { "m\xc3\xbcller", "M\xc3\x9cLLER", true },
    { "\xce\xb1\xd0\xb6", "\xce\x91\xd0\x96", true },
    { "a\xc3\xb7", "a\xc3\x97", false },
  };

  for (size_t i = 0; i < COUNT (pairs); i++) {
    struct fettle_ntlm_account a = account, b = account;
    uint8_t x[16], y[16];

    a.user = pairs[i].one;
    b.user = pairs[i].other;
    assert_true (fettle_ntlm_hash (&a, x) && fettle_ntlm_hash (&b, y));
    assert_int_equal (memcmp (x, y, 16) == 0, pairs[i].same);
  }
}

/* Nothing is made of half a password. */
static void
test_ntlm_not_utf8 (void **state FETTLE_UNUSED)
{
  struct fettle_ntlm_account a = account;
  char password[1024];
  uint8_t hash[16];

  memset (password, 'x', sizeof password);
  memcpy (password + sizeof password - 2, "\xff", 2);
  a.password = password;
  assert_false (fettle_ntlm_hash (&a, hash));
}

static void
test_ntlm_challenge (void **state FETTLE_UNUSED)
{
  struct hex h = hex (CHALLENGE);
  struct fettle_ntlm_challenge c;
  const char *why = NULL;

  assert_true (fettle_ntlm_read_challenge (bytes (&h), &c, &why));
  assert_string_equal (c.told.computer, "Server");
  assert_string_equal (c.told.domain, "Domain");
  assert_string_equal (c.told.dns_name, "");
  assert_int_equal (c.told.os_major, 6);
  assert_int_equal (c.told.os_build, 6000);
  assert_hex (c.server, 8, SERVER_CHALLENGE);
  assert_int_equal (c.info.size, 36);
  for (size_t n = 0; n < h.size - 4; n++) {
    struct hex cut = h;

    cut.size = n;
    assert_false (fettle_ntlm_read_challenge (bytes (&cut), &c, &why));
  }
  h.data[22] &= 0x7f; /* no target information: older than NTLMv2 */
  assert_false (fettle_ntlm_read_challenge (bytes (&h), &c, &why));
  assert_non_null (strstr (why, "weaker than NTLMv2"));
}

/* The third message, taken apart as a server does. */
static void
test_ntlm_authenticate (void **state FETTLE_UNUSED)
{
  struct fettle_ntlm_chance chance = { .time = 42 };
  struct hex h = hex (CHALLENGE);
  struct fettle_writer first = FETTLE_WRITER_INIT (256), w = FETTLE_WRITER_INIT (4096), all = FETTLE_WRITER_INIT (8192);
  struct fettle_ntlm_challenge c;
  const char *why;
  uint8_t key[16], mic[16], wanted[16], *nt;

  memset (chance.client, 0xaa, 8);
  memset (chance.session_key, 0x55, 16);
  fettle_ntlm_negotiate (&first);
  assert_true (fettle_ntlm_read_challenge (bytes (&h), &c, &why));
  assert_true (fettle_ntlm_authenticate (&account, &chance, written (&first), bytes (&h), &c, &w, key));
  assert_hex (key, 16, "55555555555555555555555555555555");
  memcpy (mic, fettle_writer_at (&w, 72), 16);
  memset (fettle_writer_at (&w, 72), 0, 16);
  fettle_write (&all, first.b.data, first.b.size);
  fettle_write (&all, h.data, h.size);
  fettle_write (&all, w.b.data, w.b.size);
  assert_true (fettle_hmac_md5 (key, all.b.data, all.b.size, wanted));
  assert_memory_equal (mic, wanted, 16);
  nt = fettle_writer_at (&w, fettle_get32 (fettle_writer_at (&w, 24)));
  assert_int_equal (fettle_get64 (nt + 16 + 8), 42);
  /* Behind the node's pairs: MIC, no channel, whom it is for. */
  assert_hex (nt + 16 + 28 + 32, 8, "0600040002000000");
  assert_hex (nt + 16 + 28 + 40, 20, "0a001000 00000000000000000000000000000000");
  assert_hex (nt + 16 + 28 + 60, 14, "09001c00 63006900660073002f00");
  fettle_writer_clear (&first);
  fettle_writer_clear (&w);
  fettle_writer_clear (&all);
}

/* ---- Keys and messages of SMB ---- */

#define HASH_311                                                                                     \
  "B23F3CBFD69487D9832B79B1594A367CDD950909B774C3A4C412B4FCEA9EDDDBA7DB256BA2EA30E9"                 \
  "77F11F9B113247578E0E915C6D2A513B8F2FCA5707DC8770"

static void
assert_key (const struct hex *session, const char *label, const void *context, size_t size, const char *wanted)
{
  uint8_t key[16];

  assert_true (fettle_smb_derive (bytes (session), label, context, size, key, 16));
  assert_hex (key, 16, wanted);
}

static void
test_keys (void **state FETTLE_UNUSED)
{
  struct hex smb30 = hex ("B4546771B515F766A86735532DD6C4F0"), smb311 = hex ("419FDDF34C1E001909D362AE7FB6AF79");
  struct hex hash = hex (HASH_311);
  uint8_t key[64];

  assert_key (&smb30, "SMB2AESCMAC", "SmbSign", 8, "F773CD23C18FD1E08EE510CADA7CF852");
  assert_key (&smb30, "SMB2AESCCM", "ServerIn ", 10, "261B72350558F2E9DCF613070383EDBF");
  assert_key (&smb30, "SMB2AESCCM", "ServerOut", 10, "8FE2B57EC34D2DB5B1A9727F526BBDB5");
  assert_key (&smb311, "SMBSigningKey", hash.data, 64, "8765949DFEAEE105CE9118B45BE988F0");
  assert_key (&smb311, "SMBC2SCipherKey", hash.data, 64, "A2F5E80E5D59103034F32E52F698E5EC");
  assert_key (&smb311, "SMBS2CCipherKey", hash.data, 64, "748C50868C90F302962A5C35F5F9A8BF");
  assert_false (fettle_smb_derive (bytes (&smb30), "x", "", 0, key, 64));
}

static void
test_preauth (void **state FETTLE_UNUSED)
{
  static const uint8_t zeros[64];
  struct hex request = hex ("FE534D4240000100000000000000010000000000000000000000000000000000FFFE000000000000"
                            "00000000000000000000000000000000000000000000000024000500010000006600000078EA16AC"
                            "6877C34A95F7160F73EA377270000000020000000202100200030203110300000100260000000000"
                            "0100200001001A05A92392E1554C072AE7B186EE7DC02CB90BEF2E639CCC94B7A9DC7B3934420000"
                            "0200060000000000020001000200");
  struct fettle_bytes parts[2] = { { zeros, 64 }, bytes (&request) };
  uint8_t hash[64];

  assert_true (fettle_sha512 (parts, 2, hash));
  assert_hex (hash, 64, "A3A8A769FEA693B3D037406EF945E115D2B7A4A9318564D2CAAA4B1FE0EC36D8D92A4802619EDCF2"
                        "9E2410534D2D3749E71F76ADF5212F959210D291097A6355");
}

/* The answer that ends a session's set-up, signed by a Windows server. */
#define SIGNED_ANSWER                                                                                \
  "FE534D4240000100000000000100800009000000000000000200000000000000FFFE000000000000"                 \
  "25000000001000006B85A4519A0F3EEA35BA946DD3AFE6B80900000048001D00A11B3019A0030A01"                 \
  "00A3120410010000003932A87523AB660100000000"

static void
test_signature (void **state FETTLE_UNUSED)
{
  struct hex m = hex (SIGNED_ANSWER), key = hex ("8765949DFEAEE105CE9118B45BE988F0");
  struct fettle_smb_state s = { .signing = FETTLE_SMB_AES_CMAC };
  uint8_t mac[3][16];

  memcpy (s.sign_key, key.data, 16);
  assert_true (fettle_smb_verify (&s, bytes (&m)));
  m.data[m.size - 1] ^= 1;
  assert_false (fettle_smb_verify (&s, bytes (&m)));
  m.data[m.size - 1] ^= 1;
  m.data[16] &= 0xf7; /* it doesn't say that it is signed */
  assert_false (fettle_smb_verify (&s, bytes (&m)));
  for (unsigned a = 0; a < 3; a++)
    assert_true (fettle_smb_sign (a, key.data, m.data, m.size, true, mac[a]));
  assert_memory_not_equal (mac[0], mac[1], 16);
  assert_memory_not_equal (mac[1], mac[2], 16);
  /* Which end it comes from counts with GMAC. */
  assert_true (fettle_smb_sign (FETTLE_SMB_AES_GMAC, key.data, m.data, m.size, false, mac[0]));
  assert_memory_not_equal (mac[0], mac[2], 16);
  assert_false (fettle_smb_sign (FETTLE_SMB_AES_CMAC, key.data, m.data, 63, true, mac[0]));
}

static const struct {
  unsigned cipher;
  bool seal;
  const char *key, *nonce, *aad, *plain, *sealed, *tag;
} messages[] = {
  { FETTLE_SMB_AES_128_CCM, true, "261B72350558F2E9DCF613070383EDBF", "66E69A111892584FB5ED52",
    "66E69A111892584FB5ED524A744DA3EE87000000000001001100001400E40800",
    "FE534D4240000100000000000900400008000000000000000400000000000000FFFE0000010000001100001400E40800"
    "000000000000000000000000000000003100700017000000000000000000000015010000390000020100000039020000"
    "00000000000000007000000000000000536D623320656E6372797074696F6E2074657374696E67",
    "25C8FEE16605A437832D1CD52DA9F4645333482A175FE5384563F45FCDAFAEF38BC62BA4D5C62897996625A44C29BE56"
    "58DE2E6117585779E7B59FFD971278D08580D7FA899E410E910EABF5AA1DB43050B33B49182637759AC15D84BFCDF5B6"
    "B238993C0F4CF4D6012023F6C627297075D84B7803912D0A9639634453595EF3E33FFE4E7AC2AB",
    "81A286535415445DAE393921E44FA42E" },
  { FETTLE_SMB_AES_128_CCM, false, "8FE2B57EC34D2DB5B1A9727F526BBDB5", "8600000000000000110000",
    "86000000000000001100001400E4080050000000000001001100001400E40800",
    "FE534D4240000100000000000900210009000000000000000400000000000000FFFE0000010000001100001400E40800"
    "0000000000000000000000000000000011000000170000000000000000000000",
    "DBF46435C5F14169293CE079E344479BF670227E49873F458672C3098DAC467DD5809F369D674091665157871483E01F"
    "7BECD02064EAC3E235F913668BBC2F097980D4B378F1993EFF6E60D177309E5B",
    "A6015530A18F6D9AFFE22AFAE8E66484" },
  { FETTLE_SMB_AES_128_GCM, true, "A2F5E80E5D59103034F32E52F698E5EC", "C7D6822D269CAF48904C664C",
    "C7D6822D269CAF48904C664C0000000087000000000001002500000000100000",
    "FE534D4240000100000000000900010008000000000000000500000000000000FFFE0000010000002500000000100000"
    "0000000000000000000000000000000031007000170000000000000000000000060000000400000001000000040000000"
    "0000000000000007000000000000000536D623320656E6372797074696F6E2074657374696E67",
    "6ECDD2A7AFC7B47763057A041B8FD4DAFFE990B70C9E09D36C084E02D14EF247F8BDE38ACF6256F8B1D3B56F77FBDEB3"
    "12FEA5E92CBCC1ED8FB2EBBFAA75E49A4A394BB44576545567C24D4C014D47C9FBDFDAFD2C4F9B72F8D256452620A299"
    "F48E29E53D6B61D1C13A19E91AF013F00D17E3ABC2FC3D36C8C1B6B93973253852DBD442E46EE8",
    "BD73D97D2BC9001BCAFAC0FDFF5FEEBC" },
  { FETTLE_SMB_AES_128_GCM, false, "748C50868C90F302962A5C35F5F9A8BF", "E06831DD2E8EB7B400000000",
    "E06831DD2E8EB7B4000000000000000050000000000001002500000000100000",
    "FE534D4240000100000000000900010001000000000000000500000000000000FFFE0000010000002500000000100000"
    "0000000000000000000000000000000011000000170000000000000000000000",
    "26BBBF949983A6C1C796559D0F2C510CB651D1F7B6AC8DED32A2A0B8F2D793A815C6F6B848D69767A215841A42D400AE"
    "6DDB5F0B44173A014973321FDD7950DA6179159B82E03C9E18A050FF0EA1C967",
    "ACBE1CB7ED343ADF1725EF144D90D4B0" },
};

static void
test_encryption (void **state FETTLE_UNUSED)
{
  for (size_t i = 0; i < COUNT (messages); i++) {
    unsigned cipher = messages[i].cipher;
    struct hex key = hex (messages[i].key), nonce = hex (messages[i].nonce), aad = hex (messages[i].aad);
    struct hex plain = hex (messages[i].plain), sealed = hex (messages[i].sealed), tag = hex (messages[i].tag);
    struct hex data = plain;
    uint8_t out[16];

    assert_int_equal (nonce.size, fettle_smb_nonce_size (cipher));
    if (messages[i].seal) {
      assert_true (fettle_smb_seal (cipher, key.data, nonce.data, bytes (&aad), data.data, data.size, out));
      assert_memory_equal (data.data, sealed.data, sealed.size);
      assert_memory_equal (out, tag.data, 16);
    }
    data = sealed;
    assert_true (fettle_smb_open (cipher, key.data, nonce.data, bytes (&aad), data.data, data.size, tag.data));
    assert_memory_equal (data.data, plain.data, plain.size);
    data = sealed;
    aad.data[31] ^= 1;
    assert_false (fettle_smb_open (cipher, key.data, nonce.data, bytes (&aad), data.data, data.size, tag.data));
    aad.data[31] ^= 1;
    tag.data[0] ^= 1;
    assert_false (fettle_smb_open (cipher, key.data, nonce.data, bytes (&aad), data.data, data.size, tag.data));
  }
  assert_int_equal (fettle_smb_key_size (0), 0);
  assert_int_equal (fettle_smb_key_size (99), 0);
}

/* ---- SPNEGO ---- */

static void
test_spnego (void **state FETTLE_UNUSED)
{
  struct hex last = hex ("A11B3019A0030A0100A3120410010000003932A87523AB660100000000");
  struct hex token = hex ("01020304"), offer = hex ("6028 06062b0601050502 a01e 301c a01a 3018"
                                                    "060a2b06010401823702021e 060a2b06010401823702020a");
  struct hex nonsense = hex ("a1 80 30 00"), long_one = { .size = 400 };
  struct fettle_writer w = FETTLE_WRITER_INIT (1024);
  struct fettle_spnego_answer a;

  assert_true (fettle_spnego_read (bytes (&last), &a));
  assert_int_equal (a.state, FETTLE_SPNEGO_COMPLETED);
  assert_int_equal (a.token.size, 0);
  assert_int_equal (fettle_spnego_offers (bytes (&offer)), FETTLE_SPNEGO_NTLM);
  assert_int_equal (fettle_spnego_offers (bytes (&last)), 0);
  fettle_spnego_first (&w, false, bytes (&token));
  assert_hex (w.b.data, w.b.size, "6024 06062b0601050502 a01a 3018 a00e 300c 060a2b06010401823702020a a206 0404 01020304");
  assert_int_equal (fettle_spnego_offers (written (&w)), FETTLE_SPNEGO_NTLM);
  fettle_writer_clear (&w);
  w = (struct fettle_writer) FETTLE_WRITER_INIT (1024);
  fettle_spnego_next (&w, bytes (&long_one), bytes (&token));
  assert_true (fettle_spnego_read (written (&w), &a));
  assert_int_equal (a.token.size, 400);
  fettle_writer_clear (&w);
  assert_false (fettle_spnego_read (bytes (&nonsense), &a));
  for (size_t n = 0; n < last.size; n++) {
    struct hex cut = last;

    cut.size = n;
    assert_false (fettle_spnego_read (bytes (&cut), &a));
  }
}

/* ---- A Windows server's answer to NEGOTIATE ---- */

static void
test_offer (void **state FETTLE_UNUSED)
{
  struct hex m = hex ("FE534D4240000100000000000000010001000000000000000000000000000000FFFE000000000000"
                      "000000000000000000000000000000000000000000000000410001001103020039CBCAF329714942"
                      "BDCE5D60F09AB3FB27000000000080000000800000008000D04C8443CCAED00109094AB095AED001"
                      "8000000080000000"
                      "010026000000000001002000010088AFA422ECC239CB16F30BA641AE4B6EE79F5A4AF74FE18A301E"
                      "9790515D07F700000200040000000000 01000100");
  struct fettle_smb_answer a;
  struct fettle_smb_offer o;
  const char *why = "";
  bool not_ours;

  assert_true (fettle_smb_parse (bytes (&m), SMB_NEGOTIATE, 0, &a, &not_ours, &why));
  if (!fettle_smb_read_offer (&a, &o, &why))
    fail_msg ("%s", why);
  assert_int_equal (o.dialect, 0x0311);
  assert_int_equal (o.cipher, FETTLE_SMB_AES_128_CCM);
  assert_int_equal (o.signing, FETTLE_SMB_AES_CMAC);
  assert_int_equal (o.max_read, 8388608);
  m.data[64 + 4] = 0xff; /* a dialect that nobody offered */
  assert_false (fettle_smb_read_offer (&a, &o, &why));
  assert_non_null (strstr (why, "dialect"));
  m.data[64 + 4] = 0x11;
  m.data[128] = 3; /* no SHA-512 */
  assert_false (fettle_smb_read_offer (&a, &o, &why));
  assert_non_null (strstr (why, "without protecting"));
  m.data[128] = 1;
  m.data[m.size - 2] = 77; /* a cipher that nobody offered */
  assert_false (fettle_smb_read_offer (&a, &o, &why));
  assert_false (fettle_smb_parse (bytes (&m), SMB_NEGOTIATE, 1, &a, &not_ours, &why));
  assert_false (fettle_smb_parse (bytes (&m), SMB_READ, 0, &a, &not_ours, &why));
}

/* ---- Paths ---- */

static void
test_paths (void **state FETTLE_UNUSED)
{
  static const char *const good[] = { "", "a", "a/b", "a\\b\\c.txt", "...", "a b", "\xc3\xa4" };
  static const char *const bad[] = { ".", "..", "a/..", "../a", "a/./b", "/a", "a/", "a//b", "a:b", "a*", "a?b", "a\nb",
                                     "\xff", "a|b", "a\"b" };
  struct fettle_ctx c = { .plugin = "test" };
  struct fettle_smb_state s = { .c = &c, .fd = -1 };
  char long_one[3000];

  for (size_t i = 0; i < COUNT (good); i++) {
    struct fettle_writer w = FETTLE_WRITER_INIT (2048);

    assert_int_equal (fettle_smb_path (&s, good[i], false, &w), FETTLE_OK);
    fettle_writer_clear (&w);
  }
  memset (long_one, 'a', sizeof long_one - 1);
  long_one[sizeof long_one - 1] = '\0';
  for (size_t i = 0; i <= COUNT (bad); i++) {
    struct fettle_writer w = FETTLE_WRITER_INIT (2048);

    assert_int_equal (fettle_smb_path (&s, i < COUNT (bad) ? bad[i] : long_one, false, &w), FETTLE_E_CONFIG);
    fettle_writer_clear (&w);
  }
}

static void
test_utf16 (void **state FETTLE_UNUSED)
{
  static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
  struct fettle_writer w = FETTLE_WRITER_INIT (64);
  struct hex odd = hex ("0100 00d8 4100 00dc 7f00 42");
  char back[64], tiny[4];

  fettle_write_utf16 (&w, text);
  assert_hex (w.b.data, w.b.size, "6100 e400 ac20 3dd8 00de");
  fettle_from_utf16 (written (&w), back, sizeof back);
  assert_string_equal (back, text);
  fettle_from_utf16 (written (&w), tiny, sizeof tiny);
  assert_string_equal (tiny, "a\xc3\xa4");
  fettle_from_utf16 (bytes (&odd), back, sizeof back);
  assert_string_equal (back, "??A??");
  fettle_writer_clear (&w);
}

/* ---- DCE/RPC ---- */

static void
test_rpc (void **state FETTLE_UNUSED)
{
  struct hex ack = hex ("05000c03100000004400000001000000 d016d016f0530000 0d00 5c504950455c77696e72656700 00"
                        "01000000 0000 0000 045d888aeb1cc9119fe808002b104860 02000000");
  struct hex fault = hex ("05000303100000002000000007000000 2000000000000000 0200011c 00000000");
  struct fettle_writer w = FETTLE_WRITER_INIT (8192);
  struct fettle_rpc_interface i = { .major = 1 };
  struct fettle_rpc_packet p;
  struct fettle_bytes stub;
  struct hex big = { .size = 1000 };
  const char *why = "";
  uint16_t fragment = 0;
  uint32_t status = 0;
  size_t n;

  assert_true (fettle_rpc_uuid ("338cd001-2244-31f1-aaaa-900038001003", i.uuid));
  assert_hex (i.uuid, 16, "01d08c33 4422 f131 aaaa 900038001003");
  assert_false (fettle_rpc_uuid ("338cd001-2244-31f1-aaaa-90003800100", i.uuid));
  assert_false (fettle_rpc_uuid ("338cd001-2244-31f1-aaaa-90003800100x", i.uuid));
  ack.data[8] = (uint8_t) ack.size;
  if (!fettle_rpc_read_packet (bytes (&ack), 1, &p, &why) || !fettle_rpc_read_bind_ack (&p, &fragment, &why))
    fail_msg ("%s", why);
  assert_int_equal (fragment, 0x16d0);
  assert_false (fettle_rpc_read_packet (bytes (&ack), 2, &p, &why));
  assert_true (fettle_rpc_read_packet (bytes (&fault), 7, &p, &why));
  assert_true (fettle_rpc_read_fault (&p, &status));
  assert_int_equal (status, 0x1c010002);
  assert_false (fettle_rpc_read_stub (&p, &stub));
  n = fettle_rpc_write_request (&w, 3, 15, 1024, bytes (&big), 0);
  assert_int_equal (n, 1000);
  assert_int_equal ((uint8_t) w.b.data[3], 3); /* first and last */
  fettle_buf_reset (&w.b);
  n = fettle_rpc_write_request (&w, 3, 15, 512, bytes (&big), 0);
  assert_int_equal (n, 488);
  assert_int_equal ((uint8_t) w.b.data[3], 1);
  fettle_buf_reset (&w.b);
  assert_int_equal (fettle_rpc_write_request (&w, 3, 15, 600, bytes (&big), 488), 512);
  assert_int_equal ((uint8_t) w.b.data[3], 2);
  fettle_writer_clear (&w);
}

/* ---- NetBIOS ---- */

static void
test_names (void **state FETTLE_UNUSED)
{
  struct hex d = hex ("1234 8400 0000 0001 0000 0000"
                      "20434b41414141414141414141414141414141414141414141414141414141414100 0021 0001 00000000 003d"
                      "03"
                      "414e56494c37202020202020202020 00 0400"
                      "574f524b53484f5020202020202020 00 8400"
                      "414e56494c37202020202020202020 20 0400"
                      "005056aabbcc");
  struct fettle_smb_name_list *l = malloc (sizeof *l);

  assert_non_null (l);
  assert_true (fettle_smb_read_names (bytes (&d), 0x1234, l));
  assert_string_equal (l->computer, "ANVIL7");
  assert_string_equal (l->domain, "WORKSHOP");
  assert_string_equal (l->mac, "00:50:56:aa:bb:cc");
  assert_string_equal (l->text, "ANVIL7<00> unique active\nWORKSHOP<00> group active\nANVIL7<20> unique active");
  assert_false (fettle_smb_read_names (bytes (&d), 0x1235, l));
  for (size_t n = 0; n < d.size; n++) {
    struct hex cut = d;

    cut.size = n;
    assert_false (fettle_smb_read_names (bytes (&cut), 0x1234, l));
  }
  free (l);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_md4),
    cmocka_unit_test (test_ntlm_figures),
    cmocka_unit_test (test_ntlm_names),
    cmocka_unit_test (test_ntlm_not_utf8),
    cmocka_unit_test (test_ntlm_challenge),
    cmocka_unit_test (test_ntlm_authenticate),
    cmocka_unit_test (test_keys),
    cmocka_unit_test (test_preauth),
    cmocka_unit_test (test_signature),
    cmocka_unit_test (test_encryption),
    cmocka_unit_test (test_spnego),
    cmocka_unit_test (test_offer),
    cmocka_unit_test (test_paths),
    cmocka_unit_test (test_utf16),
    cmocka_unit_test (test_rpc),
    cmocka_unit_test (test_names),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
