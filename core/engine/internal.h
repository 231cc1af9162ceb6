/* internal.h - the engine's nouns, shared by its files.
 *
 * A job has lanes, one for each node; a lane does one thing at a time: a call
 * to a worker, a pause, or waiting for its turn.  What a lane does next is a
 * function, not a state: lane->next.  Tasks are what users see of a job; each
 * change of a task is written to the store at once (and synced with the pass).
 *
 *   job --- lanes --- tasks          inventory: one lane, one task a node
 *                                    deployment: one lane, a task a component
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_ENGINE_INTERNAL_H
#define FETTLE_ENGINE_INTERNAL_H

#include <event2/dns.h>
#include <event2/event.h>

#include "engine/engine.h"
#include "sign/trust.h"
#include "store/seal.h"
#include "store/store.h"

struct backup_call;
struct check;
struct fettle_audit;
struct fettle_callbacks;
struct fettle_helper;
struct fettle_port_node;
struct fettle_prober;
struct probing;
struct job;
struct lane;
struct rollout;
struct scan;
struct serving;
struct starting;

struct task {
  int64_t id;
  struct job *job;
  struct lane *lane;     /* NULL once it has ended */
  char state[16];
  json_t *spec;          /* deployment: the component and the entry; else NULL */
  char *token;           /* AGAIN's */
  unsigned attempts;     /* calls that failed in a way that may be repeated */
  int64_t started;
  bool taken;            /* the node said that it took it */
  bool reboot;           /* ... and needs a restart */
  bool uncertain;        /* it may have taken it: the inventory decides */
  struct fettle_error error; /* code OK while there is none */
  uint32_t progress;     /* 0 .. 1000; not stored */
  char step[128];        /* not stored */
  struct serving *serving; /* serving.h; NULL while nothing is offered to the node */
};

struct lane {
  struct fettle_engine *engine;
  struct job *job;
  int64_t node;
  char *name;
  char *address;
  char *type;
  size_t first_task, n_tasks; /* of job->tasks */
  size_t current;             /* index into these */

  /* The call, from when it is asked for until it has ended. */
  const char *what;           /* "inventory", ... */
  const char *argument;       /* reach_back: the URL; borrowed until the call has begun */
  uint32_t phase;             /* of what */
  char literal[64];           /* the address that the call goes to */
  void (*opened) (struct lane *); /* when the firewall is open */
  int64_t operation;          /* task id behind target.operation; 0: the node's own, as of inventories */
  struct task *told;          /* whose progress and log the messages are */
  void (*done) (struct lane *, const struct fettle_outcome *);
  struct fettle_helper *helper; /* is asked for credentials; login.c */
  void (*known) (struct lane *, const struct fettle_error *);
  json_t *login;              /* what it said, for some minutes */
  int64_t login_since;
  struct starting *starting;  /* journalled, not begun */
  struct fettle_call *call;
  struct evdns_getaddrinfo_request *resolving;
  void (*resolved) (struct lane *, const char *address, const struct fettle_error *);
  uint32_t deadline;
  char *lane_token;           /* of calls that aren't a task's deploy */
  json_t *items, *found;      /* what the running inventory found so far: on it, and beside it */

  struct event *timer;
  void (*next) (struct lane *); /* after the pause */
  bool wakeable;              /* which a status of the node may end */
  struct lane *next_ready;
  bool ready, counted;        /* in the queue; counted in engine->calls */

  int64_t since;              /* when this phase of the lane began; of fettle_seconds () */
  struct recognition *recognition; /* recognise.c; NULL: its type is known */
  const char *asked_type;     /* by a probe: its name in the plugin's descriptor */
  size_t place;               /* in the job's rollout; SIZE_MAX: it has none */
  bool begun;                 /* by the rollout */
  bool parking;               /* it ends for now, and is to begin again */
  bool lost;                  /* no use to talk to this node any more in this job */
  bool restarted;
  void (*cleaned) (struct lane *); /* after the clean-up */
  unsigned cleanups;          /* that have failed, of this operation */
  struct check *check;        /* check.h; NULL in other jobs */

  struct {                    /* node-firewall.c: the node's own */
    bool busy;                /* ... is opened or restored at this moment */
    bool looked, ended;       /* earlier jobs' was restored; this job's is */
    int64_t opened;           /* when; 0: not yet */
    int64_t keep;             /* don't restore what this operation opened */
    char *former;             /* what is to be restored */
    struct fettle_error error;
    void (*then) (struct lane *);
    int64_t operation;        /* the lane's own, meanwhile; then the call that waits */
    uint32_t phase;
    const char *argument, *what;
    uint32_t deadline;
    void (*done) (struct lane *, const struct fettle_outcome *);
  } firewall;
};

struct waiter;

struct job {
  struct fettle_engine *engine;
  struct job *next;
  int64_t id;
  char kind[16];              /* "baseline", "inventory", "deployment", "check" */
  json_t *options;
  struct task *tasks;
  size_t n_tasks;
  struct lane *lanes;
  size_t n_lanes, lanes_left;
  bool aborted, hard, finished;
  int recording;              /* recordings.c: its memory, or -1 */
  char why[512];              /* it was aborted; "": by the user */
  struct rollout *rollout;    /* of a deployment; rollout.h */
  bool looked;                /* for obstacles in this host's firewall */

  /* Baseline: the scan. */
  struct scan *scan;

  json_t *events;             /* the last of them */
  int64_t next_seq;
  struct waiter *waiters;
};

struct fettle_leases;
struct unpacking;

struct fettle_engine {
  struct event_base *base;
  const struct fettle_settings *settings;
  const struct fettle_plugins *plugins;
  struct fettle_pool *pool;
  struct fettle_store *store;
  struct fettle_audit *audit;
  struct backup_call *backup;   /* being made, or NULL */
  struct fettle_sealer *sealer;
  struct fettle_leases *leases; /* NULL until the firewall is needed */
  struct holes *holes;          /* what leases borrow */
  struct event *browsers;       /* renews their leases; NULL: none are wanted */
  struct evdns_base *dns;
  struct fettle_prober *prober;
  struct fettle_callbacks *callbacks; /* borrowed; NULL until it is set */
  char installation[9];       /* names what we leave on nodes */
  struct unpacking *unpackings; /* unpack.c */
  struct job *jobs;           /* running ones, and the last few that ended */
  struct lane *ready, **ready_end;
  struct probing *probings;   /* probe.c */
  unsigned n_probings;
  struct watch *watches;      /* events.c */
  int n_watches;
  int64_t event_last, event_committed;
  bool event_waits;
  struct event *event_timer;
  unsigned calls;
  bool stopping;
};

/* ---- engine.c ---- */

/* The running job, or NULL. */
struct job *fettle_engine_job (struct fettle_engine *, int64_t id);

/* ---- audit.c: what happened, for the audit log ---- */

void fettle_audit_task (const struct task *);
void fettle_audit_job (const struct job *, int exit_code);
void fettle_audit_service (struct fettle_engine *, const char *outcome);

/* ---- rotate.c: the key of the store's secrets ---- */

/* What a node's or a group's sealed credentials are bound to. */
void fettle_node_context (int64_t node, char ret[300]);
void fettle_group_context (const char *group, char ret[300]);
/* At start: finds out which key is the store's. */
fettle_result fettle_key_settle (struct fettle_engine *, struct fettle_error *);

/* ---- backup.c ---- */

void fettle_backup_stop (struct fettle_engine *);

/* ---- node-select.c: which node is meant ---- */

/* call-request.c: a port setting of the node; `opaque` of it are its settings. */
uint16_t fettle_node_moved (const struct fettle_port_node *, uint16_t declared);

/* The id of what a reference (id, name or address) means; 0 and an error. */
int64_t fettle_node_find (struct fettle_engine *, const char *reference, struct fettle_error *);

/* The ids of what a selector means, perhaps none; NULL: all nodes. */
fettle_result fettle_nodes_selected (struct fettle_engine *, const char *selector,
                                     json_t **ret_ids, struct fettle_error *);

/* An array of ids from a body's "nodes": list of references and of objects
 * {"select": SELECTOR}, or ["all"]. */
fettle_result fettle_nodes_of (struct fettle_engine *, const json_t *nodes, json_t **ret_ids,
                               struct fettle_error *);

/* BUSY and an error that names the job, if one of these nodes is in a running
 * one. */
fettle_result fettle_nodes_free (struct fettle_engine *, const json_t *ids, struct fettle_error *);

/* ---- credentials.c ---- */

/* What a node is logged in to with: its own, and its group's where it has none.
 * "helper" names the program that is to be asked for more.  To be wiped by fettle_credentials_free. */
fettle_result fettle_node_login (struct fettle_engine *, int64_t node, json_t **ret,
                                 struct fettle_error *);

/* {"user", "password", ...} of a node or group alone, unsealed; likewise. */
fettle_result fettle_group_credentials (struct fettle_engine *, const char *group, json_t **ret,
                                        struct fettle_error *);
fettle_result fettle_group_set_credentials (struct fettle_engine *, const char *group,
                                            const json_t *credentials, struct fettle_error *);
fettle_result fettle_node_credentials (struct fettle_engine *, int64_t node, json_t **ret,
                                       struct fettle_error *);
void fettle_credentials_free (json_t *);
/* What a user says of them: a member that is null is one to be forgotten. */
fettle_result fettle_credentials_check (struct fettle_engine *, const json_t *credentials,
                                        struct fettle_error *);
void fettle_credentials_change (json_t *credentials, const json_t *changes);
fettle_result fettle_node_set_credentials (struct fettle_engine *, int64_t node,
                                           const json_t *credentials, struct fettle_error *);

/* ---- login.c: credentials from helper programs ---- */

/* True: a program is asked for the node's credentials, and `then` comes later,
 * with them in lane->login, or why there are none. */
bool fettle_login_ask (struct lane *, void (*then) (struct lane *, const struct fettle_error *));
/* If one is being asked, it isn't any more. */
bool fettle_login_stop (struct lane *);
void fettle_login_forget (struct lane *);

/* ---- node-check.c ---- */

/* Names of nodes, groups, labels: what selectors can ask for. */
fettle_result fettle_name_check (const char *what, const char *name, struct fettle_error *);
fettle_result fettle_labels_check (const json_t *labels, struct fettle_error *);
fettle_result fettle_maintenance_check (const json_t *text, struct fettle_error *);

/* A new node's members, as in docs/api.md. */
fettle_result fettle_node_check (struct fettle_engine *, const json_t *node,
                                 struct fettle_error *);

/* ---- nodes.c: state and items ---- */

void fettle_node_set_state (struct fettle_engine *, int64_t node, const struct fettle_error *);
void fettle_node_set_items (struct fettle_engine *, int64_t node, const json_t *items);
json_t *fettle_node_items (struct fettle_engine *, int64_t node);

/* ---- baselines.c, scan.c ---- */

/* All components of these baselines (ids), each with "baseline" and
 * "baseline_id" added. */
json_t *fettle_baselines_components (struct fettle_engine *, const json_t *ids);
fettle_result fettle_baselines_of (struct fettle_engine *, const json_t *baselines,
                                   json_t **ret_ids, struct fettle_error *);

/* The id of what a reference (id or name) means; 0 and an error. */
int64_t fettle_baseline_find (struct fettle_engine *, const char *reference, struct fettle_error *);
char *fettle_baseline_path (struct fettle_engine *, int64_t baseline);
bool fettle_baseline_is_unsigned (struct fettle_engine *, int64_t baseline);

/* Names of those among these (ids) that are used unsigned. */
json_t *fettle_baselines_unsigned (struct fettle_engine *, const json_t *ids);

/* [{"baseline", "state", "text"}]: who vouches for each, in words. */
json_t *fettle_baselines_signatures (struct fettle_engine *, const json_t *ids);

/* The words for a baseline's signature (docs/api.md); NULL: it was never looked at. */
void fettle_signature_text (const json_t *signature, char *ret, size_t size);

/* A file, or the part of an archive that it is. */
struct fettle_opened {
  int fd;
  uint64_t offset, size;
  char stamp[FETTLE_STAMP_MAX]; /* what it must look like while it is read; "" if it is ours */
};

/* component-files.c: opens a component's files, if they are still what was
 * hashed.  The descriptors are the caller's. */
struct fettle_offer_tree;
/* The folder that the component is, as it was when its digest was taken. */
fettle_result fettle_component_tree (struct fettle_engine *, int64_t baseline, const json_t *component,
                                     struct fettle_offer_tree **ret, struct fettle_error *);
fettle_result fettle_component_open (struct fettle_engine *, int64_t baseline,
                                     const json_t *component, struct fettle_opened *ret,
                                     size_t max, size_t *ret_n, struct fettle_error *);

/* Ends the scan, and the job with it. */
void fettle_scan_abort (struct job *);
/* Ends the scan without a word. */
void fettle_scan_stop (struct job *);

/* ---- job.c ---- */

struct job *fettle_job_new (struct fettle_engine *, const char *kind, const json_t *options,
                            const json_t *plan);
/* With room for these; n_tasks and n_lanes count what is filled in. */
void fettle_job_room (struct job *, size_t tasks, size_t lanes);
struct lane *fettle_job_add_lane (struct job *, int64_t node, const char *name,
                                  const char *address, const char *type);
/* The same, by the store's row. */
struct lane *fettle_job_add_node (struct job *, int64_t node);
struct task *fettle_job_add_task (struct job *, struct lane *, const char *title,
                                  const char *state, int64_t baseline, json_t *spec,
                                  const char *from, const char *to);
/* From the store, at start. */
struct job *fettle_job_load (struct fettle_engine *, int64_t id, const char *kind,
                             json_t *options);

/* Begins all lanes with `next`. */
void fettle_job_begin (struct job *, void (*next) (struct lane *));
bool fettle_job_opens_firewall (const struct job *); /* by its options, or the settings */
void fettle_job_finish (struct job *, const char *message, int exit_code);
void fettle_job_event (struct job *, const struct task *, json_t *event);
void fettle_job_free (struct job *);

void fettle_task_state (struct task *, const char *state);
/* State, error and finish time together. */
void fettle_task_end (struct task *, const char *state, const struct fettle_error *);
void fettle_task_save (struct task *);
void fettle_task_log (struct task *, const char *format, ...) FETTLE_FORMAT (2, 3);
void fettle_task_journal (struct task *, const char *what, const char *detail);
/* Stored: what waits ends, and, if hard, what runs. */
void fettle_job_abort (struct job *, bool hard);
/* jobs.c: the id of what a reference (id, "last") means; 0 and an error. */
int64_t fettle_job_find (struct fettle_engine *, const char *reference, struct fettle_error *);
/* As the API shows it; NULL: there is none. */
json_t *fettle_job_json (struct fettle_engine *, int64_t id);
/* done, failed, ...: nothing more will happen to it. */
bool fettle_task_ended (const struct task *);

/* ---- holes.c: this host's firewall ---- */

/* Takes up what a crash may have left open. */
fettle_result fettle_holes_recover (struct fettle_engine *, struct fettle_error *);

/* Opens what the lane's call needs, if the job or the configuration wants
 * that; then, or at once, goes on.  Can't it be opened, the task's log says
 * so, and the call shows whether it mattered. */
void fettle_holes_open (struct lane *, void (*then) (struct lane *));
void fettle_holes_close (struct lane *);
/* browsers.c: holes for browsers, if they are wanted. */
void fettle_browsers_begin (struct fettle_engine *);
void fettle_browsers_end (struct fettle_engine *);
void fettle_holes_free (struct fettle_engine *);

/* ---- node-firewall.c: the nodes' own firewalls ---- */

/* True: the call comes later, after the node's firewall has been opened for
 * it, or what an earlier job left open has been closed.  A failure of that is
 * a line in the task's log. */
bool fettle_node_firewall_before (struct lane *, const char *what, uint32_t deadline,
                                  void (*done) (struct lane *, const struct fettle_outcome *));
/* True: the lane ends later, when the node's firewall is what it was. */
bool fettle_node_firewall_after (struct lane *);
/* The lane's call is one of these. */
bool fettle_node_firewall_is_call (const struct lane *);
void fettle_node_firewall_clear (struct lane *);
/* True: the node's firewall is opened now, if the job or the configuration
 * wants that, and `then` comes after, whatever came of it. */
bool fettle_node_firewall_first (struct lane *, void (*then) (struct lane *));
/* A lane of a job "firewall", which only restores. */
void fettle_node_firewall_begin (struct lane *);
/* Makes such a job for what a crash left. */
void fettle_node_firewalls_recover (struct fettle_engine *);

/* ---- lane.c: one node's turn at the workers ---- */

/* Asks for a call; `done` gets its outcome.  lane->told and operation are set
 * before. */
void fettle_lane_call (struct lane *, const char *what, uint32_t deadline,
                       void (*done) (struct lane *, const struct fettle_outcome *));
/* The node's address, if it has a name; perhaps at once.  One of the two is NULL. */
void fettle_lane_resolve (struct lane *, void (*resolved) (struct lane *, const char *address,
                                                           const struct fettle_error *));
void fettle_lane_later (struct lane *, uint32_t seconds, void (*next) (struct lane *));
void fettle_lane_end (struct lane *);
/* Ends what it does: a call is aborted, a pause or a place in the queue given up. */
void fettle_lane_abort (struct lane *);
void fettle_lane_clear (struct lane *);
void fettle_lanes_dispatch (struct fettle_engine *);
struct task *fettle_lane_task (struct lane *, size_t i);

/* ---- the jobs ---- */

void fettle_inventory_begin (struct lane *);            /* inventory.c */
/* recognise.c: finds out and remembers lane->type; `done` gets why not, or NULL. */
void fettle_recognise (struct lane *, void (*done) (struct lane *, const struct fettle_error *));
/* Ends the look at its ports, if there is one. */
bool fettle_recognise_abort (struct lane *);
void fettle_recognise_free (struct recognition *);
void fettle_deploy_begin (struct lane *);               /* deploy.c */
/* If the task waits after AGAIN, it waits no longer. */
void fettle_deploy_wake (struct task *);
/* Goes on with what is left, or parks, or ends. */
void fettle_deploy_go_on (struct lane *);               /* deploy.c */
/* After a crash, and when the lane had to wait: looks first. */
void fettle_deploy_resume (struct lane *);              /* recover.c */
void fettle_deploy_look (struct lane *);                /* recover.c */
void fettle_verify_begin (struct lane *);               /* verify.c */
/* leftovers.c: removes what cut calls of this job and of earlier ones left. */
void fettle_cleanup_begin (struct lane *, void (*then) (struct lane *));
/* Around each call: is an inventory under way, and was it cut? */
void fettle_inventory_mark (struct lane *);
void fettle_inventory_unmark (struct lane *, fettle_result);
void fettle_check_free (struct check *);                /* check.c */
/* deploy-check.c.  True: the ways that this node's deployment needs are looked
 * at, and `then` comes after; the tasks of a node whose way is blocked have
 * ended by then. */
bool fettle_deploy_check (struct lane *, void (*then) (struct lane *));
json_t *fettle_ways_blocked (struct fettle_engine *, int64_t node); /* ways.c */
void fettle_ways_forget (struct fettle_engine *, int64_t node);
/* The lane's inventory shows the task's component at its version. */
bool fettle_task_is_there (struct lane *, const struct task *);
/* associate.c: the nodes that this one told of are added, or get their place. */
void fettle_associate (struct lane *);
void fettle_engine_recover (struct fettle_engine *);    /* recover.c */

/* rollout.c: windows of nodes or groups may be others now. */
void fettle_rollouts_changed (struct fettle_engine *);

/* probe.c: what is asked at this moment is given up, without a word. */
void fettle_probes_free (struct fettle_engine *);

/* ---- events.c: what happens, for those who watch ---- */

void fettle_events_begin (struct fettle_engine *);
void fettle_events_end (struct fettle_engine *);
/* Kept, and told when it is on the disk.  type: "job", "task", "node"; job 0: none. */
void fettle_event (struct fettle_engine *, const char *type, int64_t job, const json_t *data);
/* Not kept: told to who keeps up. */
void fettle_event_passing (struct fettle_engine *, const char *type, int64_t job,
                           const json_t *data);
/* Of a node: "added", "changed", "removed", "ok", "error". */
void fettle_event_node (struct fettle_engine *, int64_t node, const char *what);

/* ---- handlers of the API ---- */

void fettle_api_scouts (void *, struct fettle_request *);
void fettle_api_probes (void *, struct fettle_request *);
void fettle_api_groups_list (void *, struct fettle_request *);
void fettle_api_groups_add (void *, struct fettle_request *);
void fettle_api_group_show (void *, struct fettle_request *);
void fettle_api_group_change (void *, struct fettle_request *);
void fettle_api_group_remove (void *, struct fettle_request *);
void fettle_api_nodes_list (void *, struct fettle_request *);
void fettle_api_nodes_add (void *, struct fettle_request *);
void fettle_api_node_show (void *, struct fettle_request *);
void fettle_api_node_change (void *, struct fettle_request *);
void fettle_api_node_remove (void *, struct fettle_request *);
void fettle_api_node_items (void *, struct fettle_request *);
void fettle_api_baselines_list (void *, struct fettle_request *);
void fettle_api_baselines_add (void *, struct fettle_request *);
void fettle_api_baseline_sbom (void *, struct fettle_request *);
void fettle_api_node_sbom (void *, struct fettle_request *);
void fettle_api_verifications (void *, struct fettle_request *);
void fettle_api_baseline_show (void *, struct fettle_request *);
void fettle_api_baseline_remove (void *, struct fettle_request *);
void fettle_api_trust_list (void *, struct fettle_request *);
void fettle_api_trust_add (void *, struct fettle_request *);
void fettle_api_trust_remove (void *, struct fettle_request *);
void fettle_api_inventories (void *, struct fettle_request *);
void fettle_api_recordings (void *, struct fettle_request *);
void fettle_api_job_recording (void *, struct fettle_request *);
void fettle_api_checks (void *, struct fettle_request *);
void fettle_api_plans (void *, struct fettle_request *);
void fettle_api_deployments (void *, struct fettle_request *);
void fettle_api_jobs_list (void *, struct fettle_request *);
void fettle_api_job_show (void *, struct fettle_request *);
void fettle_api_job_events (void *, struct fettle_request *);
void fettle_api_job_abort (void *, struct fettle_request *);
void fettle_api_job_pause (void *, struct fettle_request *);
void fettle_api_job_resume (void *, struct fettle_request *);
void fettle_api_job_approve (void *, struct fettle_request *);
void fettle_api_snapshots_add (void *, struct fettle_request *);
void fettle_api_snapshots_list (void *, struct fettle_request *);
void fettle_api_snapshot_remove (void *, struct fettle_request *);
void fettle_api_firewall (void *, struct fettle_request *);
void fettle_api_firewall_open (void *, struct fettle_request *);
void fettle_api_firewall_close (void *, struct fettle_request *);
void fettle_api_report (void *, struct fettle_request *);
void fettle_api_events (void *, struct fettle_request *);
void fettle_api_tokens_list (void *, struct fettle_request *);
void fettle_api_tokens_add (void *, struct fettle_request *);
void fettle_api_token_revoke (void *, struct fettle_request *);
void fettle_api_service_rotate_key (void *, struct fettle_request *);
void fettle_api_service_backup (void *, struct fettle_request *);
void fettle_api_audit_list (void *, struct fettle_request *);
void fettle_api_audit_verify (void *, struct fettle_request *);

#endif
