/* owner.c - which process listens on a port, out of /proc.
 *
 * /proc/net/tcp has the socket's inode and user; the descriptors of all
 * processes that we may look into are searched for that inode.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "util/base.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>

#include "serve/listen.h"
#include "util/text.h"

#define TCP_LISTEN_STATE 0x0a

struct listener {
  uint64_t inode; /* 0: none found */
  unsigned user;
};

static bool
find_in (const char *table, uint16_t port, struct listener *ret)
{
  _cleanup_fclose_ FILE *f = fopen (table, "re");
  char line[512];

  while (f && fgets (line, sizeof line, f)) {
    unsigned local_port, state, user;
    uint64_t inode;

    if (sscanf (line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %u %*d "
                      "%" SCNu64, &local_port, &state, &user, &inode) == 4
        && local_port == port && state == TCP_LISTEN_STATE) {
      *ret = (struct listener) { inode, user };
      return true;
    }
  }
  return false;
}

static bool
has_socket (const char *pid, const char *want)
{
  char path[PATH_MAX], target[64];
  DIR *folder;
  struct dirent *entry;
  bool found = false;

  snprintf (path, sizeof path, "/proc/%s/fd", pid);
  folder = opendir (path);
  while (folder && !found && (entry = readdir (folder))) {
    ssize_t n;

    snprintf (path, sizeof path, "/proc/%s/fd/%s", pid, entry->d_name);
    n = readlink (path, target, sizeof target - 1);
    if (n > 0) {
      target[n] = '\0';
      found = strcmp (target, want) == 0;
    }
  }
  if (folder)
    closedir (folder);
  return found;
}

static void
describe (const char *pid, char *buffer, size_t size)
{
  char path[PATH_MAX], name[64] = "";
  _cleanup_fclose_ FILE *f = NULL;

  snprintf (path, sizeof path, "/proc/%s/comm", pid);
  f = fopen (path, "re");
  if (!f || !fgets (name, sizeof name, f))
    name[0] = '\0';
  name[strcspn (name, "\n")] = '\0';
  snprintf (buffer, size, "%s (pid %s)", *name ? name : "a process", pid);
}

const char *
fettle_port_owner (uint16_t port, char *buffer, size_t size)
{
  struct listener l = { 0 };
  char want[64];
  DIR *processes;
  struct dirent *entry;
  bool found = false;

  snprintf (buffer, size, "another process");
  if (!find_in ("/proc/net/tcp", port, &l) && !find_in ("/proc/net/tcp6", port, &l))
    return buffer;
  snprintf (buffer, size, "a process of user %u", l.user);
  snprintf (want, sizeof want, "socket:[%" PRIu64 "]", l.inode);
  processes = opendir ("/proc");
  while (processes && !found && (entry = readdir (processes)))
    if (isdigit ((unsigned char) entry->d_name[0]) && has_socket (entry->d_name, want)) {
      describe (entry->d_name, buffer, size);
      found = true;
    }
  if (processes)
    closedir (processes);
  return buffer;
}
