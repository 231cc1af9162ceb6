/* sbom.c - see sbom.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "report/sbom.h"
#include "util/buf.h"
#include "util/text.h"

static const char *
text_of (const json_t *object, const char *member)
{
  return json_string_value (json_object_get (object, member));
}

static const char *
type_of (const char *kind)
{
  static const char *const types[][2] = {
    { "firmware", "firmware" }, { "driver", "device-driver" }, { "os", "operating-system" },
  };

  for (size_t i = 0; kind && i < COUNT (types); i++)
    if (strcmp (types[i][0], kind) == 0)
      return types[i][1];
  return "application";
}

static void
add_encoded (struct fettle_buf *b, const char *text)
{
  for (const char *p = text; *p; p++) {
    bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')
                 || strchr (".-_~", *p);

    fettle_buf_printf (b, plain ? "%c" : "%%%02X", (unsigned char) *p);
  }
}

/* "deb:NAME" or "rpm:NAME" among the words of `match`. */
static bool
package_name (const char *match, const char *manager, char *ret, size_t size)
{
  size_t n = strlen (manager);

  for (const char *p = match; p && *p; p += strcspn (p, " "), p += *p == ' ')
    if (strncmp (p, manager, n) == 0 && p[n] == ':') {
      snprintf (ret, size, "%.*s", (int) strcspn (p + n + 1, " "), p + n + 1);
      return *ret != '\0';
    }
  return false;
}

/* What others know a package by; nothing for what isn't one. */
static json_t *
package_url (const json_t *part)
{
  _cleanup_ (fettle_buf_clear) struct fettle_buf b = FETTLE_BUF_INIT (8192);
  const char *match = text_of (part, "match"), *version = text_of (part, "version");
  const char *arch = text_of (part, "arch"), *manager = "deb";
  char name[1100];

  if (!package_name (match, "deb", name, sizeof name)) {
    manager = "rpm";
    if (!package_name (match, "rpm", name, sizeof name))
      return NULL;
  }
  fettle_buf_printf (&b, "pkg:%s/", manager);
  add_encoded (&b, name);
  if (version && *version) {
    fettle_buf_text_add (&b, "@");
    add_encoded (&b, version);
  }
  if (arch && *arch) {
    fettle_buf_text_add (&b, "?arch=");
    add_encoded (&b, arch);
  }
  return json_string (fettle_buf_text (&b));
}

/* Of a component's first file, which is the payload. */
static json_t *
hashes_of (const json_t *part)
{
  const char *sha256 = text_of (json_array_get (json_object_get (part, "files"), 0), "sha256");

  return sha256 ? json_pack ("[{s:s s:s}]", "alg", "SHA-256", "content", sha256) : NULL;
}

static json_t *
properties_of (const json_t *part)
{
  static const char *const members[] = { "scheme", "match", "format", "location", "baseline" };
  json_t *list = json_array ();

  for (size_t i = 0; i < COUNT (members); i++) {
    const char *value = text_of (part, members[i]);
    char name[32];

    snprintf (name, sizeof name, "fettle:%s", members[i]);
    if (value && *value)
      json_array_append_new (list, json_pack ("{s:s s:s}", "name", name, "value", value));
  }
  return list;
}

static json_t *
part_json (const json_t *part, size_t number)
{
  const char *id = text_of (part, "id"), *name = text_of (part, "name");
  const char *version = text_of (part, "version"), *summary = text_of (part, "summary");
  char reference[64];

  snprintf (reference, sizeof reference, "part-%zu", number);
  return json_pack ("{s:s s:s s:s s:s* s:s* s:o* s:o* s:o}", "type", type_of (text_of (part, "kind")),
                    "bom-ref", reference, "name", name && *name ? name : id ? id : "unknown",
                    "version", version && *version ? version : NULL, "description",
                    summary && *summary ? summary : NULL, "hashes", hashes_of (part), "purl",
                    package_url (part), "properties", properties_of (part));
}

/* RFC 9562, version 4. */
static void
uuid_text (const unsigned char r[16], char ret[64])
{
  snprintf (ret, 64, "urn:uuid:%02x%02x%02x%02x-%02x%02x-4%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
            r[0], r[1], r[2], r[3], r[4], r[5], r[6] & 15u, r[7], (r[8] & 0x3fu) | 0x80u, r[9], r[10],
            r[11], r[12], r[13], r[14], r[15]);
}

json_t *
fettle_sbom (const char *subject, const char *name, const char *version, const json_t *parts,
             const unsigned char serial[16], int64_t now)
{
  json_t *list = json_array (), *metadata;
  char uuid[64], time[FETTLE_TIME_MAX];
  const json_t *part;
  size_t i;

  json_array_foreach (parts, i, part)
    json_array_append_new (list, part_json (part, i + 1));
  uuid_text (serial, uuid);
  metadata = json_pack ("{s:s s:{s:[{s:s s:s s:s}]} s:{s:s s:s s:s s:s*}}", "timestamp",
                        fettle_time_text (now, time), "tools", "components", "type", "application",
                        "name", "Fettle", "version", PACKAGE_VERSION, "component", "type", subject,
                        "bom-ref", "subject", "name", name, "version", version);
  return json_pack ("{s:s s:s s:s s:s s:i s:o s:o}", "$schema",
                    "http://cyclonedx.org/schema/bom-1.5.schema.json", "bomFormat", "CycloneDX",
                    "specVersion", "1.5", "serialNumber", uuid, "version", 1, "metadata", metadata,
                    "components", list);
}
