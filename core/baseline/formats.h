/* formats.h - what tells of components: one function a format.
 *
 * Those that take a source read a file to its end, or fail with a message that
 * begins in the middle of a sentence.  Those that take text are for small files
 * that may be of this format or not: what isn't, is nobody's problem
 * (FETTLE_E_UNSUPPORTED).  Any bytes may come in.  Abouts are added also when
 * it fails; the caller clears them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_FORMATS_H
#define FETTLE_FORMATS_H

#include <libxml/tree.h>

#include "baseline/about.h"
#include "baseline/source.h"

#define FETTLE_JSON_MAX  (64u << 20) /* bytes */
#define FETTLE_PLIST_MAX (1u << 20)

/* fwpkg.c: HPE's firmware package, a zip with payload.json (v1, v2), or PLDM. */
fettle_result fettle_fwpkg_read (struct fettle_source *, struct fettle_abouts *,
                                 struct fettle_error *);
/* cab.c: LVFS's cabinet with *.metainfo.xml. */
fettle_result fettle_cab_read (struct fettle_source *, struct fettle_abouts *,
                               struct fettle_error *);
/* vib.c: VMware's installation bundle. */
fettle_result fettle_vib_read (struct fettle_source *, struct fettle_abouts *,
                               struct fettle_error *);
/* scexe.c: HPE's shell archive. */
fettle_result fettle_scexe_read (struct fettle_source *, struct fettle_abouts *,
                                 struct fettle_error *);

/* documents.c: which of those below it is. */
fettle_result fettle_document_json (const char *text, size_t size, struct fettle_abouts *,
                                    struct fettle_error *);
fettle_result fettle_document_xml (const char *text, size_t size, struct fettle_abouts *,
                                   struct fettle_error *);

/* hpe.c: payload.json and a component's side .json (one object, of which file
 * the caller knows), manifest.json, metadata.json, fwrepo.json (lists). */
fettle_result fettle_hpe_json (json_t *, struct fettle_abouts *, struct fettle_error *);
/* hpe-xml.c: a component's cpNNNNNN.xml, a bundle's bpNNNNNN.xml. */
fettle_result fettle_hpe_xml (const xmlNode *root, struct fettle_abouts *, struct fettle_error *);
/* metainfo.c: one component of a cabinet. */
fettle_result fettle_metainfo (const xmlNode *root, struct fettle_abouts *, struct fettle_error *);
/* vib.c: descriptor.xml, and the lists of a depot. */
fettle_result fettle_vib_descriptor (const xmlNode *root, struct fettle_abouts *,
                                     struct fettle_error *);
fettle_result fettle_vib_depot (const xmlNode *root, struct fettle_abouts *, struct fettle_error *);
/* dell.c: Catalog.xml.  lenovo.c: a package's XML, an index in JSON. */
fettle_result fettle_dell_catalog (const xmlNode *root, struct fettle_abouts *,
                                   struct fettle_error *);
fettle_result fettle_lenovo_xml (const xmlNode *root, struct fettle_abouts *, struct fettle_error *);
fettle_result fettle_lenovo_json (json_t *, struct fettle_abouts *, struct fettle_error *);

/* brocade.c: release.plist in a folder of this path. */
fettle_result fettle_brocade_plist (const char *text, size_t size, const char *path,
                                    struct fettle_abouts *, struct fettle_error *);

/* It is none of these. */
fettle_result fettle_not_this (struct fettle_error *);
fettle_result fettle_about_no_memory (struct fettle_error *);

#endif
