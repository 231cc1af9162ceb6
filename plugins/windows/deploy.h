/* deploy.h - what the parts of a deployment share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WINDOWS_DEPLOY_H
#define WINDOWS_DEPLOY_H

#include "run.h"

/* The last lines of what the installer wrote, and of its log file, if it has
 * one (a name in our folder, or NULL), into the task's log. */
void deploy_log (struct run *, const char *file);

#endif
