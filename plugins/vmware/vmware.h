/* vmware.h - what the files of the vmware plugin share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VMWARE_H
#define VMWARE_H

#include <fettle/plugin.h>
#include <fettle/services.h>
#include <fettle/util.h>
#include <fettle/xml.h>

#include "answer.h"

/* For calls: the three that each gets. */
#define VM_CALL const struct fettle_host *h, fettle_ctx *c, const struct fettle_target *t

fettle_result vm_probe (VM_CALL, uint32_t *score);
fettle_result vm_inventory (VM_CALL);
fettle_result vm_deploy (VM_CALL, const struct fettle_image *);
fettle_result vm_cleanup (VM_CALL);
fettle_result vm_activate (VM_CALL);
fettle_result vm_firewall_open (VM_CALL, uint32_t phases, const char **former);
fettle_result vm_firewall_restore (VM_CALL, const char *former);
fettle_result vm_reach_back (VM_CALL, const char *url);

/* A managed object. */
struct vm_ref {
  char type[64], id[VM_ID];
};

struct vm_session {
  const struct fettle_host *h;
  fettle_ctx *c;
  const struct fettle_target *t;
  const struct fettle_http *http;
  char version[16];         /* of the API */
  char product[120];        /* "VMware ESXi 6.5.0 build-5969303" */
  int is_vcenter, logged_in, gone;
  struct vm_ref collector, sessions, root, files, host, executer;
  char us[64];              /* our address, as the host sees it */
  struct vm_fault fault;    /* why the last request failed */
  char why[1000];           /* why the last thing failed, as a sentence; "": it didn't */
  xmlDoc *doc;              /* the last answer */
  xmlDoc *props;            /* the host's, by vm_host */
};

/* ---- talking (soap.c) ---- */

/* Who is it?  Without a login.  UNSUPPORTED: it isn't a vSphere API. */
fettle_result vm_hello (struct vm_session *, VM_CALL);

/* hello, a vCenter Server is refused, login. */
fettle_result vm_open (struct vm_session *, VM_CALL);

/* Always: the session is ended; `result` is how the call went, which it returns. */
fettle_result vm_close (struct vm_session *, fettle_result result);

/* A method of an object with its arguments, in XML.  *ret (may be NULL) is the
 * first returnval, or NULL; it is there until the next request.  A failure has
 * been said, s->fault has its name ("" if it wasn't a fault). */
fettle_result vm_ask (struct vm_session *, const char *method, const struct vm_ref *, const char *arguments,
                      uint32_t timeout_ms, xmlNode **ret);

/* The same, where a fault is an answer: FETTLE_OK, and s->fault.name isn't "". */
fettle_result vm_try (struct vm_session *, const char *method, const struct vm_ref *, const char *arguments,
                      uint32_t timeout_ms, xmlNode **ret);

/* Says why, and keeps it in s->why: what comes behind, to put things back, may hide it. */
FETTLE_PRINTF (3, 4)
fettle_result vm_fail (struct vm_session *, fettle_result, const char *format, ...);

/* Says why it failed, by s->fault. */
fettle_result vm_refused (struct vm_session *, const char *what);

/* A method that is a task: until it has ended, or `limit_s` is over. */
fettle_result vm_task (struct vm_session *, const char *method, const struct vm_ref *, const char *arguments,
                       uint32_t limit_s);

/* Cancels a task and waits for its end, whatever that is. */
fettle_result vm_end_task (struct vm_session *, const struct vm_ref *);

/* An object reference of a node like <x type="T">ID</x>.  0: it is none. */
int vm_read_ref (const xmlNode *, struct vm_ref *);

/* ---- properties (host.c) ---- */

/* The host itself, s->host, and what there is to know of it: s->props. */
fettle_result vm_host (struct vm_session *);

/* A property of the host by its path; NULL: it has none. */
const xmlNode *vm_property (const struct vm_session *, const char *path);
int vm_is (const struct vm_session *, const char *path, const char *value);

/* An object of configManager: "patchManager". */
int vm_manager (const struct vm_session *, const char *name, struct vm_ref *);

/* Properties of another object: its propSets are below *ret. */
fettle_result vm_properties (struct vm_session *, const struct vm_ref *, const char *paths, xmlNode **ret);
const xmlNode *vm_value (const xmlNode *object, const char *path);

/* In and out of maintenance mode; nothing is done where it is so already. */
fettle_result vm_enter_maintenance (struct vm_session *);
fettle_result vm_exit_maintenance (struct vm_session *);
fettle_result vm_stop_entering (struct vm_session *);

/* ---- the host's firewall (firewall.c) ---- */

/* 0: its rulesets let no TCP out to that port of that address.  1: they do, or
 * it can't be told.  It isn't said why. */
int vm_firewall_lets (struct vm_session *, const char *address, unsigned port);

/* ---- esxcli over SOAP (esxcli.c) ---- */

struct vm_argument {
  const char *name, *value; /* a list has the name more than once, one behind the other */
};

/* "software.vib.list".  *ret is to be freed; NULL with FETTLE_OK: it failed,
 * s->fault has why.  UNSUPPORTED: the host has no esxcli for us. */
fettle_result vm_esxcli (struct vm_session *, const char *command, const struct vm_argument *, size_t n,
                         uint32_t timeout_ms, xmlDoc **ret);

/* ---- files on a datastore (store.c) ---- */

struct vm_store {
  char name[100];
  char folder[320];         /* the query of /folder/NAME */
  unsigned long long free;
  int scratch;              /* it is no datastore, but the host's /tmp, which a restart empties */
};

/* UNSUPPORTED: it has none that could be used. */
fettle_result vm_store (struct vm_session *, struct vm_store *);

/* "fettle-OPERATION-WHAT": the name of a file of ours. */
void vm_file_name (const struct vm_session *, const char *what, char ret[120]);
fettle_result vm_put_file (struct vm_session *, const struct vm_store *, const char *name,
                           const struct fettle_image *, uint32_t file);
fettle_result vm_put_note (struct vm_session *, const struct vm_store *, const char *name, const char *text);
/* "": there is none. */
fettle_result vm_get_note (struct vm_session *, const struct vm_store *, const char *name, char *ret, size_t size);
fettle_result vm_delete_file (struct vm_session *, const struct vm_store *, const char *name);

/* Into maintenance mode, where the settings want it, with a note for cleanup. */
fettle_result vm_enter_noted (struct vm_session *, const struct vm_store *);

/* ---- settings ---- */

int vm_says_yes (const struct fettle_host *, fettle_ctx *, const char *setting);
uint32_t vm_number (const struct fettle_host *, fettle_ctx *, const char *setting);

/* The VIBs that run, and those that will after a restart. */
struct vm_vib {
  char name[100], version[100];
};
struct vm_vibs {
  struct vm_vib *all;
  size_t n;
};
fettle_result vm_list_vibs (struct vm_session *, int rebooting, struct vm_vibs *);
const char *vm_vib_version (const struct vm_vibs *, const char *match);

#endif
