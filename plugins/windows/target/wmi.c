/* wmi.c - objects of WMI as JSON lines, asked for on the machine itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define COBJMACROS
#define CONST_VTABLE
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <wbemidl.h>
#include <wchar.h>

#define NEXT_WITHIN  60000            /* milliseconds for one object */
#define BLOCK        65536

/* A line of JSON. */
struct line {
  char *text;
  size_t size, room;
  int full;                           /* it grew too long, or there's no memory: not to be used */
  int cut;                            /* a text or an array in it is shorter than it was */
};

static HANDLE output;
static size_t written;

static void
put (struct line *l, const char *text, size_t n)
{
  if (l->full || n > MAX_OUTPUT - l->size) {
    l->full = 1;
    return;
  }
  if (l->size + n > l->room) {
    size_t room = l->size + n + BLOCK;
    char *grown = realloc (l->text, room);

    if (!grown) {
      l->full = 1;
      return;
    }
    l->text = grown;
    l->room = room;
  }
  memcpy (l->text + l->size, text, n);
  l->size += n;
}

static void
put_text (struct line *l, const char *text)
{
  put (l, text, strlen (text));
}

/* One character of UTF-16 as UTF-8, escaped as JSON wants it; how many bytes. */
static int
encode (const WCHAR *c, int units, char to[8])
{
  if (*c == '"' || *c == '\\')
    return snprintf (to, 8, "\\%c", (char) *c);
  if (*c < 0x20)
    return snprintf (to, 8, "\\u%04x", (unsigned) *c);
  if (units == 1 && *c >= 0xd800 && *c <= 0xdfff)
    return snprintf (to, 8, "\\ufffd");
  return WideCharToMultiByte (CP_UTF8, 0, c, units, to, 8, NULL, NULL);
}

static void
put_string (struct line *l, const WCHAR *text)
{
  int used = 0;

  put_text (l, "\"");
  while (*text) {
    int pair = text[0] >= 0xd800 && text[0] < 0xdc00 && text[1] >= 0xdc00 && text[1] < 0xe000;
    char bytes[8];
    int n = encode (text, pair ? 2 : 1, bytes);

    if (n <= 0 || used + n > MAX_TEXT) {
      l->cut = 1;
      break;
    }
    put (l, bytes, (size_t) n);
    used += n;
    text += pair ? 2 : 1;
  }
  put_text (l, "\"");
}

/* Numbers of 32 bits come as signed ones, whatever they are. */
static void
put_whole (struct line *l, LONG value, CIMTYPE type)
{
  char text[32];

  if ((type & ~CIM_FLAG_ARRAY) == CIM_UINT32)
    snprintf (text, sizeof text, "%lu", (unsigned long) (ULONG) value);
  else
    snprintf (text, sizeof text, "%ld", (long) value);
  put_text (l, text);
}

static void
put_real (struct line *l, double value)
{
  char text[64];

  /* JSON has neither infinity nor "not a number". */
  if (value - value != 0)
    snprintf (text, sizeof text, "null");
  else
    snprintf (text, sizeof text, "%.17g", value);
  put_text (l, text);
}

/* What *at is, an element of an array or the value of a VARIANT. */
static void
put_value (struct line *l, VARTYPE kind, const void *at, CIMTYPE type)
{
  switch (kind) {
  case VT_BSTR: put_string (l, *(BSTR const *) at ? *(BSTR const *) at : L""); break;
  case VT_BOOL: put_text (l, *(const VARIANT_BOOL *) at ? "true" : "false"); break;
  case VT_I4: put_whole (l, *(const LONG *) at, type); break;
  case VT_I2: put_whole (l, *(const SHORT *) at, type); break;
  case VT_UI1: put_whole (l, *(const BYTE *) at, type); break;
  case VT_R8: put_real (l, *(const double *) at); break;
  case VT_R4: put_real (l, *(const float *) at); break;
  default: put_text (l, "null"); break;
  }
}

static int
is_plain (VARTYPE kind)
{
  return kind == VT_BSTR || kind == VT_BOOL || kind == VT_I4 || kind == VT_I2 || kind == VT_UI1 || kind == VT_R8
         || kind == VT_R4;
}

static void
put_array (struct line *l, VARTYPE kind, SAFEARRAY *array, CIMTYPE type)
{
  LONG first = 0, last = -1, i;
  char *data = NULL;

  put_text (l, "[");
  if (array && SafeArrayGetDim (array) == 1 && SUCCEEDED (SafeArrayGetLBound (array, 1, &first))
      && SUCCEEDED (SafeArrayGetUBound (array, 1, &last)) && SUCCEEDED (SafeArrayAccessData (array, (void **) &data))) {
    if (last - first >= MAX_ARRAY) {
      last = first + MAX_ARRAY - 1;
      l->cut = 1;
    }
    for (i = first; i <= last; i++) {
      if (i > first)
        put_text (l, ",");
      put_value (l, kind, data + (size_t) (i - first) * SafeArrayGetElemsize (array), type);
    }
    SafeArrayUnaccessData (array);
  }
  put_text (l, "]");
}

/* Every property that has a value; those that are objects themselves are left out. */
static void
put_properties (struct line *l, IWbemClassObject *object)
{
  const char *comma = "";
  CIMTYPE type;
  VARIANT v;
  BSTR name;

  if (FAILED (IWbemClassObject_BeginEnumeration (object, WBEM_FLAG_NONSYSTEM_ONLY)))
    return;
  while (IWbemClassObject_Next (object, 0, &name, &v, &type, NULL) == WBEM_S_NO_ERROR) {
    VARTYPE kind = V_VT (&v) & VT_TYPEMASK;

    if (is_plain (kind)) {
      put_text (l, comma);
      comma = ",";
      put_string (l, name);
      put_text (l, ":");
      if (V_VT (&v) & VT_ARRAY)
        put_array (l, kind, V_ARRAY (&v), type);
      else
        put_value (l, kind, &V_NONE (&v), type);
    }
    VariantClear (&v);
    SysFreeString (name);
  }
}

/* -1: the disk is full, or so. */
static int
write_line (struct line *l)
{
  DWORD n;

  put_text (l, "\n");
  written += l->size;
  return WriteFile (output, l->text, (DWORD) l->size, &n, NULL) && n == l->size ? 0 : -1;
}

static void
begin_line (struct line *l, const WCHAR *class)
{
  l->size = 0;
  l->full = l->cut = 0;
  put_text (l, "{\"class\":");
  put_string (l, class);
}

/* ---- Asking ---- */

struct answer {
  HRESULT error;
  unsigned objects;
  int cut;                            /* not all is there */
  int full, failed;                   /* there's no room for more; it can't be written */
};

static void
put_object (struct line *l, const WCHAR *class, IWbemClassObject *object, struct answer *a)
{
  begin_line (l, class);
  put_text (l, ",\"values\":{");
  put_properties (l, object);
  put_text (l, "}}");
  a->full = l->full || a->objects >= MAX_OBJECTS || written + l->size > MAX_OUTPUT;
  a->cut |= l->cut || a->full;
  if (a->full)
    return;
  a->objects++;
  a->failed = write_line (l) != 0;
}

static void
take_objects (struct line *l, const WCHAR *class, IEnumWbemClassObject *list, struct answer *a)
{
  IWbemClassObject *object;
  ULONG n;

  while (!a->full && !a->failed && SUCCEEDED (a->error)) {
    a->error = IEnumWbemClassObject_Next (list, NEXT_WITHIN, 1, &object, &n);
    if (a->error == (HRESULT) WBEM_S_TIMEDOUT)
      a->error = (HRESULT) WBEM_E_TIMED_OUT;
    if (FAILED (a->error) || n == 0)
      break;
    put_object (l, class, object, a);
    IWbemClassObject_Release (object);
  }
}

/* A name goes into a query: it's a name, or nothing. */
static int
is_name (const WCHAR *name)
{
  size_t n = wcsspn (name, L"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

  return n > 0 && n < 256 && !name[n];
}

static HRESULT
connect_to (IWbemLocator *locator, const WCHAR *name, size_t n, IWbemServices **ret)
{
  BSTR space = SysAllocStringLen (name, (UINT) n);
  HRESULT r = IWbemLocator_ConnectServer (locator, space, NULL, NULL, NULL, 0, NULL, NULL, ret);

  SysFreeString (space);
  if (SUCCEEDED (r))
    CoSetProxyBlanket ((IUnknown *) *ret, RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE, NULL, RPC_C_AUTHN_LEVEL_CALL,
                       RPC_C_IMP_LEVEL_IMPERSONATE, NULL, EOAC_NONE);
  return r;
}

static HRESULT
query (IWbemServices *services, const WCHAR *class, IEnumWbemClassObject **ret)
{
  WCHAR text[300];
  BSTR language = SysAllocString (L"WQL"), wanted;
  HRESULT r;

  _snwprintf (text, 299, L"SELECT * FROM %ls", class);
  text[299] = 0;
  wanted = SysAllocString (text);
  r = IWbemServices_ExecQuery (services, language, wanted, WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY,
                               NULL, ret);
  SysFreeString (language);
  SysFreeString (wanted);
  return r;
}

static struct answer
ask (struct line *l, IWbemLocator *locator, const WCHAR *wanted)
{
  static const WCHAR usual[] = L"ROOT\\CIMV2";
  const WCHAR *colon = wcschr (wanted, L':'), *class = colon ? colon + 1 : wanted;
  IEnumWbemClassObject *list = NULL;
  IWbemServices *services = NULL;
  struct answer a = { 0 };

  if (!is_name (class)) {
    a.error = (HRESULT) WBEM_E_INVALID_CLASS;
    return a;
  }
  a.error = connect_to (locator, colon ? wanted : usual, colon ? (size_t) (colon - wanted) : wcslen (usual), &services);
  if (SUCCEEDED (a.error))
    a.error = query (services, class, &list);
  if (SUCCEEDED (a.error))
    take_objects (l, wanted, list, &a);
  if (list)
    IEnumWbemClassObject_Release (list);
  if (services)
    IWbemServices_Release (services);
  return a;
}

static int
put_end (struct line *l, const WCHAR *class, const struct answer *a)
{
  char text[64];

  begin_line (l, class);
  if (FAILED (a->error))
    snprintf (text, sizeof text, ",\"error\":\"0x%08lx\"}", (unsigned long) a->error);
  else
    snprintf (text, sizeof text, ",\"end\":%u%s}", a->objects, a->cut ? ",\"cut\":true" : "");
  put_text (l, text);
  return write_line (l);
}

static struct ending
ask_all (const struct order *o)
{
  IWbemLocator *locator = NULL;
  struct line l = { 0 };
  unsigned i;
  int failed = 0;
  HRESULT r;

  r = CoInitializeEx (NULL, COINIT_MULTITHREADED);
  if (SUCCEEDED (r))
    r = CoInitializeSecurity (NULL, -1, NULL, NULL, RPC_C_AUTHN_LEVEL_DEFAULT, RPC_C_IMP_LEVEL_IMPERSONATE, NULL,
                              EOAC_NONE, NULL);
  if (SUCCEEDED (r))
    r = CoCreateInstance (&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, (void **) &locator);
  if (FAILED (r))
    return (struct ending) { .failed = "WMI", .code = (DWORD) r };
  for (i = 0; i < o->n_classes && !failed; i++) {
    struct answer a = ask (&l, locator, o->classes[i]);

    failed = a.failed || put_end (&l, o->classes[i], &a);
  }
  IWbemLocator_Release (locator);
  free (l.text);
  return failed ? could_not ("output") : (struct ending) { 0 };
}

struct asking {
  const struct order *order;
  struct ending ending;
};

static DWORD WINAPI
ask_in_thread (void *opaque)
{
  struct asking *a = opaque;

  a->ending = ask_all (a->order);
  return 0;
}

/* WMI may hang where nothing can be waited for with a limit: such a thread is left behind, and ends with the program. */
struct ending
ask_wmi (const struct order *o, HANDLE to)
{
  static struct asking asking;
  DWORD limit = o->timeout == 0 || o->timeout > 0x7fffffff / 1000 ? INFINITE : o->timeout * 1000;
  HANDLE thread;

  output = to;
  asking.order = o;
  thread = CreateThread (NULL, 0, ask_in_thread, &asking, 0, NULL);
  if (!thread)
    return could_not ("CreateThread");
  if (WaitForSingleObject (thread, limit) == WAIT_TIMEOUT)
    return (struct ending) { .timed_out = 1 };
  CloseHandle (thread);
  return asking.ending;
}
