/* compose.h - a record, and what it and others tell of it -> components.
 *
 * What a file tells of itself comes first, what others tell of it fills in
 * what is missing (a description of the same name before a bundle's list), a
 * side file is said over all that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_COMPOSE_H
#define FETTLE_COMPOSE_H

#include "baseline/record.h"

/* Tells each record what others say of it, and claims those that are part of
 * another's component.  Missing files of a bundle are its problem. */
fettle_result fettle_compose_prepare (struct fettle_records *, struct fettle_error *);

/* How many components it is: one for each part; 0 when nothing tells. */
size_t fettle_compose_count (const struct fettle_records *, const struct fettle_record *);

/* The i-th, checked.  The caller clears it, also after an error. */
fettle_result fettle_compose (const struct fettle_records *, const struct fettle_record *, size_t i,
                              struct fettle_component *, struct fettle_error *);

/* Its side file, or NULL. */
const struct fettle_record *fettle_compose_side (const struct fettle_records *,
                                                 const struct fettle_record *);

#endif
