/* cim-answer.h - what a host's CIM server says in CIM-XML (DMTF DSP0200 and
 * DSP0201), and what is said to it, without I/O.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VMWARE_CIM_ANSWER_H
#define VMWARE_CIM_ANSWER_H

#include <fettle/plugin.h>
#include <fettle/xml.h>

enum { CIM_NAME = 80, CIM_VALUE = 400, CIM_KEYS = 6, CIM_PATH = 900 };

/* DMTF's codes that decide what happens next. */
enum { CIM_INVALID_NAMESPACE = 3, CIM_INVALID_CLASS = 5, CIM_NOT_FOUND = 6 };

struct cim_error {
  int code;                 /* 0: none */
  char text[CIM_VALUE];     /* the server's own words */
};

/* What names an instance: its class and its keys. */
struct cim_path {
  char class[CIM_NAME];
  size_t n;
  struct {
    char name[CIM_NAME], type[12], value[CIM_VALUE];
  } keys[CIM_KEYS];
};

/* 0: it is no answer to this method.  *ret is its IRETURNVALUE, or of an
 * extrinsic method its METHODRESPONSE; NULL where there is an error or nothing. */
int cim_read (xmlDoc *, const char *method, struct cim_error *, const xmlNode **ret);

/* The next INSTANCE of an IRETURNVALUE; `last` is the one before, NULL at first. */
const xmlNode *cim_instance (const xmlNode *all, const xmlNode *last);

/* A property's value, or one of an array's, from 0; "" where there is none. */
char *cim_property (const xmlNode *instance, const char *name, char *ret, size_t size);
char *cim_element (const xmlNode *instance, const char *name, size_t i, char *ret, size_t size);
size_t cim_count (const xmlNode *instance, const char *name);

/* The first path in an element, with or without host and namespace around it.
 * 0: there is none, or one that can't be kept. */
int cim_read_path (const xmlNode *, struct cim_path *);

/* As INSTANCENAME; as text for a token and back; as CIMObject has it.  0: it
 * doesn't fit, or isn't one. */
int cim_write_path (const struct cim_path *, char *ret, size_t size);
int cim_path_text (const struct cim_path *, char *ret, size_t size);
int cim_path_parse (const char *text, struct cim_path *);
int cim_write_object (const char *space, const struct cim_path *, char *ret, size_t size);

/* For telling paths apart. */
unsigned cim_path_hash (const struct cim_path *);

/* What an error means. */
fettle_result cim_explain (int code, const char **ret_sentence);

/* ---- HPE's installer of smart components ---- */

struct cim_job {
  unsigned state, percent, error;
  char text[CIM_VALUE];
};

/* 0: it isn't one. */
int cim_read_job (const xmlNode *instance, struct cim_job *);

/* FETTLE_AGAIN: it runs.  FETTLE_OK, FETTLE_OK_REBOOT, or a failure and why. */
fettle_result cim_judge_job (const struct cim_job *, const char **ret_sentence);

/* What InstallFromURI returned.  FETTLE_AGAIN: it has made a job. */
fettle_result cim_judge_install (unsigned value, const char **ret_sentence);

/* What InstallFromURI returned, and the job that it names (class "": none).
 * 0: it doesn't say. */
int cim_read_install (const xmlNode *response, unsigned *ret_value, struct cim_path *ret_job);

/* ---- what the software is ---- */

struct cim_identity {
  char class[CIM_NAME], id[CIM_VALUE], name[CIM_VALUE], version[CIM_VALUE];
  char match[CIM_VALUE];    /* "hpe:ri7"; "": nothing tells it from others */
  int firmware, active;
};

/* 0: it says too little. */
int cim_read_identity (const xmlNode *instance, struct cim_identity *);

/* "Basic BASE64" of a user and a password.  0: it doesn't fit. */
int cim_basic (const char *user, const char *password, char *ret, size_t size);

#endif
