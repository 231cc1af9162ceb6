/* redact.h - JSON without its secrets, for what is kept or shown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_REDACT_H
#define FETTLE_REDACT_H

#include <jansson.h>

/* A copy: members that may be secret say "(secret)" instead of their value, in
 * any depth; of long lists the beginning and how many more there are; long
 * text is cut. */
json_t *fettle_redact (const json_t *);

#endif
