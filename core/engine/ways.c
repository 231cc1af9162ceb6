/* ways.c - the ways between us and nodes that checks found blocked, kept for
 * plans until a check finds them open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <time.h>

#include "engine/check.h"
#include "util/text.h"

bool
fettle_way_matters (const struct fettle_port *row)
{
  return fettle_port_is_needed (row)
         || ((row->flags & FETTLE_PORT_SPARE) && row->direction == FETTLE_FROM_TARGET);
}

void
fettle_way_found (const struct check_row *row, const struct fettle_verdict *v)
{
  const struct lane *lane = row->check->lane;
  int64_t port = row->first ? row->first : row->port; /* data ports are one way */
  const char *direction = row->row->direction == FETTLE_FROM_TARGET ? "from" : "to";

  if (v->cause == FETTLE_UNTESTED)
    return; /* what was seen before is still the best that is known */
  if (fettle_cause_is_open (v->cause) || !fettle_way_matters (row->row))
    fettle_store_run (lane->engine->store,
                      "DELETE FROM way WHERE node = ? AND direction = ? AND protocol = ?"
                      " AND port = ?", "issi", lane->node, direction,
                      fettle_protocol_name (row->protocol), port);
  else
    fettle_store_run (lane->engine->store,
                      "INSERT OR REPLACE INTO way (node, direction, protocol, port, time, verdict,"
                      " sentence, mend) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "issiisss", lane->node,
                      direction, fettle_protocol_name (row->protocol), port,
                      (int64_t) time (NULL), fettle_cause_name (v->cause), v->sentence, v->mend);
}

void
fettle_ways_forget (struct fettle_engine *e, int64_t node)
{
  fettle_store_run (e->store, "DELETE FROM way WHERE node = ?", "i", node);
}

json_t *
fettle_ways_blocked (struct fettle_engine *e, int64_t node)
{
  json_t *list = json_array ();
  struct fettle_rows rows;
  char when[FETTLE_TIME_MAX];

  fettle_store_query (e->store, &rows,
                      "SELECT direction, protocol, port, time, verdict, sentence, mend FROM way"
                      " WHERE node = ? ORDER BY direction, protocol, port", "i", node);
  while (fettle_rows_next (&rows)) {
    const char *mend = fettle_rows_text (&rows, 6);

    json_array_append_new (list, json_pack ("{s:s s:s s:i s:s s:s s:s s:s?}",
                                            "direction", fettle_rows_text (&rows, 0),
                                            "protocol", fettle_rows_text (&rows, 1),
                                            "port", (int) fettle_rows_int (&rows, 2),
                                            "seen",
                                            fettle_time_text (fettle_rows_int (&rows, 3), when),
                                            "verdict", fettle_rows_text (&rows, 4),
                                            "sentence", fettle_rows_text (&rows, 5),
                                            "mend", mend && *mend ? mend : NULL));
  }
  return list;
}
