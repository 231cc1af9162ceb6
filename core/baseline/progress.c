/* progress.c - see progress.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "baseline/progress.h"
#include "baseline/scan.h"

void
fettle_progress_say (struct fettle_progress *p, bool first)
{
  uint64_t done = p->of_bytes ? p->bytes : p->files, of = p->of_bytes ? p->of_bytes : p->of_files;
  unsigned cent = of ? (unsigned) ((double) done / (double) of * 100) : 0;

  if (!first && cent == p->said && p->files != p->of_files)
    return;
  p->said = cent;
  if (!fettle_scan_line (p->out, "progress",
                         json_pack ("{s:I, s:I, s:I, s:I, s:I}", "files", (json_int_t) p->files, "of",
                                    (json_int_t) p->of_files, "bytes", (json_int_t) p->bytes,
                                    "of_bytes", (json_int_t) p->of_bytes, "reused",
                                    (json_int_t) p->reused)))
    p->broken = true;
}
