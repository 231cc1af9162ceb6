/* known-rules.h - what a queue of rules remembers: the rules that are there, by
 * their hole, and those that a manager listed, by their text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_KNOWN_RULES_H
#define FETTLE_KNOWN_RULES_H

#include "firewall/firewall.h"

/* Ends the program where there is no memory. */
void *fettle_rule_need (void *);

/* The words of a hole are the caller's; of the copies only the node is used. */
void fettle_rule_hole_copy (struct fettle_hole *to, const struct fettle_hole *from);
void fettle_rule_hole_clear (struct fettle_hole *);

/* ---- Rules that are there, as far as we know. ---- */

struct fettle_known_rule {
  struct fettle_hole hole; /* its address, protocol and ports are the key; comes first */
  char *rule;
  int64_t until;           /* ms; 0: not known */
  unsigned twin;
};

struct fettle_known_rules {
  void *tree;              /* tsearch's */
  size_t n;
};

struct fettle_known_rule *fettle_known_rules_find (const struct fettle_known_rules *,
                                                   const struct fettle_hole *);
/* A new one, or another text and time for it. */
void fettle_known_rules_put (struct fettle_known_rules *, const struct fettle_hole *,
                             const char *rule, unsigned twin, int64_t until);
void fettle_known_rules_drop (struct fettle_known_rules *, struct fettle_known_rule *);
/* All of them, in a new array. */
struct fettle_known_rule **fettle_known_rules_list (const struct fettle_known_rules *);
void fettle_known_rules_clear (struct fettle_known_rules *);

/* ---- Rules that the manager listed. ---- */

struct fettle_rule_list {
  char **rules;
  size_t n, room;
};

void fettle_rule_list_add (struct fettle_rule_list *, const char *rule);
void fettle_rule_list_sort (struct fettle_rule_list *);
/* Of a sorted list: takes it out, if it is there. */
bool fettle_rule_list_take (struct fettle_rule_list *, const char *rule);
void fettle_rule_list_clear (struct fettle_rule_list *);
void fettle_rule_list_free (struct fettle_rule_list *);

#endif
