/* wire.c - see wire.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <sys/socket.h>

#include "plugin/wire.h"
#include "util/text.h"

union control {
  struct cmsghdr align;
  char space[CMSG_SPACE (FETTLE_WIRE_FDS * sizeof (int))];
};

fettle_result
fettle_wire_pair (int ret[2], struct fettle_error *err)
{
  int room = 2 * FETTLE_WIRE_MAX;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
    return fettle_error_errno (err, FETTLE_E_NOMEM, "making a pair of sockets for a worker");
  /* The default is a system's setting: a largest message must fit. */
  for (int i = 0; i < 2; i++)
    (void) setsockopt (ret[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  return FETTLE_OK;
}

static void
put_fds (struct msghdr *h, union control *control, const int *fds, size_t n_fds)
{
  struct cmsghdr *c;

  memset (control, 0, sizeof *control);
  h->msg_control = control->space;
  h->msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
  c = CMSG_FIRSTHDR (h);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
  memcpy (CMSG_DATA (c), fds, n_fds * sizeof (int));
}

fettle_result
fettle_wire_send_text (int socket, const char *text, size_t size, const int *fds, size_t n_fds,
                       struct fettle_error *err)
{
  struct iovec iov = { .iov_base = (void *) (uintptr_t) text, .iov_len = size };
  struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
  union control control;
  ssize_t n;

  if (size == 0 || size > FETTLE_WIRE_MAX || n_fds > FETTLE_WIRE_FDS)
    return fettle_error_set (err, FETTLE_E_CONFIG,
                             "a message of %zu bytes with %zu files is more than a worker takes "
                             "(%d bytes, %d files)", size, n_fds, FETTLE_WIRE_MAX, FETTLE_WIRE_FDS);
  if (n_fds)
    put_fds (&h, &control, fds, n_fds);
  do
    n = sendmsg (socket, &h, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return FETTLE_AGAIN;
  if (n < 0)
    return fettle_error_errno (err, FETTLE_E_UNREACHABLE, "sending a message of %zu bytes", size);
  return FETTLE_OK;
}

fettle_result
fettle_wire_send (int socket, const json_t *message, const int *fds, size_t n_fds,
                  struct fettle_error *err)
{
  char *text = json_dumps (message, JSON_COMPACT);
  fettle_result r;

  if (!text)
    return fettle_error_set (err, FETTLE_E_NOMEM, "no memory for a message");
  r = fettle_wire_send_text (socket, text, strlen (text), fds, n_fds, err);
  fettle_wipe_free (text);
  return r;
}

/* Takes the descriptors out of a received message; closes what is too much. */
static void
take_fds (struct msghdr *h, int *fds, size_t room, size_t *ret_n)
{
  size_t n = 0;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (h); c; c = CMSG_NXTHDR (h, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
      continue;
    size_t in = (c->cmsg_len - CMSG_LEN (0)) / sizeof (int);

    for (size_t i = 0; i < in; i++) {
      int fd;

      memcpy (&fd, CMSG_DATA (c) + i * sizeof (int), sizeof fd);
      if (fds && n < room)
        fds[n++] = fd;
      else
        close (fd);
    }
  }
  *ret_n = n;
}

static fettle_result
parse (const char *data, size_t size, json_t **ret, struct fettle_error *err)
{
  json_error_t why;
  json_t *j = json_loadb (data, size, JSON_REJECT_DUPLICATES, &why);

  if (!json_is_object (j)) {
    json_decref (j);
    return fettle_error_set (err, FETTLE_E_PROTOCOL, "a message of %zu bytes is no JSON object: %s",
                             size, j ? "something else" : why.text);
  }
  *ret = j;
  return FETTLE_OK;
}

static fettle_result
receive (int socket, char *data, struct msghdr *h, size_t *ret_size, struct fettle_error *err)
{
  struct iovec iov = { .iov_base = data, .iov_len = FETTLE_WIRE_MAX };
  ssize_t n;

  h->msg_iov = &iov;
  h->msg_iovlen = 1;
  do
    n = recvmsg (socket, h, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  h->msg_iov = NULL;
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return FETTLE_AGAIN;
  if (n < 0)
    return fettle_error_errno (err, FETTLE_E_UNREACHABLE, "receiving a message");
  *ret_size = (size_t) n;
  return FETTLE_OK;
}

static fettle_result
receive_all (int socket, json_t **ret, int *fds, size_t *n_fds, size_t *ret_size,
             struct fettle_error *err)
{
  static char data[FETTLE_WIRE_MAX]; /* both ends have one thread */
  union control control;
  struct msghdr h = { .msg_control = control.space, .msg_controllen = sizeof control.space };
  size_t size = 0, n = 0, room = fds ? *n_fds : 0;
  fettle_result r = receive (socket, data, &h, &size, err);

  if (r != FETTLE_OK)
    return r;
  take_fds (&h, fds, room, &n);
  /* An empty datagram can't be told from the end, so nobody sends one. */
  if (size == 0)
    r = fettle_error_set (err, FETTLE_E_UNREACHABLE, "the other side has closed the socket");
  else if (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
    r = fettle_error_set (err, FETTLE_E_PROTOCOL, "a message is larger than %d bytes or has more than "
                          "%d files", FETTLE_WIRE_MAX, FETTLE_WIRE_FDS);
  else
    r = parse (data, size, ret, err);
  fettle_wipe (data, size);
  if (r != FETTLE_OK) {
    for (size_t i = 0; i < n; i++)
      close (fds[i]);
    return r;
  }
  if (fds)
    *n_fds = n;
  *ret_size = size;
  return FETTLE_OK;
}

fettle_result
fettle_wire_receive (int socket, json_t **ret, int *fds, size_t *n_fds, struct fettle_error *err)
{
  size_t size;

  return receive_all (socket, ret, fds, n_fds, &size, err);
}

fettle_result
fettle_wire_receive_size (int socket, json_t **ret, size_t *ret_size, struct fettle_error *err)
{
  return receive_all (socket, ret, NULL, NULL, ret_size, err);
}
