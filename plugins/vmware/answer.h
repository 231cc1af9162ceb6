/* answer.h - what an ESXi host's answers say, without I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VMWARE_ANSWER_H
#define VMWARE_ANSWER_H

#include <fettle/plugin.h>
#include <fettle/xml.h>

enum { VM_ID = 160, VM_TEXT = 400 };

/* A fault, wherever it stands: of SOAP, of a task, of a property. */
struct vm_fault {
  char name[64];            /* "InvalidLogin"; "": none */
  char text[VM_TEXT];       /* the host's own words */
  char detail[80];          /* a privilege, a method, an object */
};

/* 1 when the answer is a fault. */
int vm_read_fault (xmlNode *root, struct vm_fault *);

/* One of these, with "fault" and "localizedMessage" below it. */
void vm_read_localized (const xmlNode *, struct vm_fault *);

/* What a fault means: a result, and what is to be done (NULL: nothing is known). */
fettle_result vm_explain (const char *name, const char **ret_sentence);

/* "NAME" of xsi:type "vim25:NAME". */
char *vm_type (const xmlNode *, char *ret, size_t size);

/* The newest version of the API that both know, out of vimServiceVersions.xml;
 * "5.5" if there is none. */
void vm_choose_version (const char *text, size_t size, char ret[16]);

/* As XML's text.  0: it doesn't fit. */
int vm_escape (const char *text, char *ret, size_t size);

/* For a URL's query and path. */
int vm_percent (const char *text, char *ret, size_t size);

/* What esxcli answered, by ExecuteSoapResponse/returnval.  The document that it
 * has as text is *ret, to be freed; NULL: it failed, and *why has its words. */
xmlDoc *vm_read_esxcli (const xmlNode *returnval, struct vm_fault *why);

/* What esxcli's words mean: "[NoMatchError] ...". */
fettle_result vm_explain_esxcli (const char *text, const char **ret_sentence);

/* How the fetching of a URL failed, by esxcli's words: one of those that a
 * reach_back says; "": it didn't, what was fetched just isn't an index of a
 * depot; NULL: they don't tell. */
const char *vm_fetch_word (const char *text);

/* 1: the host couldn't fetch it. */
int vm_is_download_fault (const char *text);

/* "vib:NAME", as a component's match says it. */
int vm_vib_match (const char *name, char *ret, size_t size);

#endif
