/* route.c - see route.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "firewall/route.h"

struct question {
  struct nlmsghdr head;
  struct rtmsg route;
  struct rtattr to;
  uint8_t address[16];
};

static fettle_result
interface_of (const struct rtmsg *route, size_t size, const char *text, char ret[IF_NAMESIZE],
              struct fettle_error *err)
{
  const struct rtattr *a;
  unsigned index = 0;

  for (a = RTM_RTA (route); RTA_OK (a, size); a = RTA_NEXT (a, size))
    if (a->rta_type == RTA_OIF && RTA_PAYLOAD (a) == sizeof index)
      memcpy (&index, RTA_DATA (a), sizeof index);
  if (index && if_indextoname (index, ret))
    return FETTLE_OK;
  return fettle_error_set (err, FETTLE_E_UNREACHABLE, "no interface leads to %s", text);
}

static fettle_result
ask (int fd, const struct question *q, const char *text, char ret[IF_NAMESIZE],
     struct fettle_error *err)
{
  union { struct nlmsghdr head; char bytes[4096]; } answer;
  struct nlmsgerr failure;
  ssize_t n;

  if (send (fd, q, q->head.nlmsg_len, 0) < 0 || (n = recv (fd, &answer, sizeof answer, 0)) < 0)
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "asking for the route to %s", text);
  if (!NLMSG_OK (&answer.head, (size_t) n))
    return fettle_error_set (err, FETTLE_E_PROTOCOL, "no answer about the route to %s", text);
  if (answer.head.nlmsg_type == NLMSG_ERROR
      && answer.head.nlmsg_len >= NLMSG_LENGTH (sizeof failure)) {
    memcpy (&failure, NLMSG_DATA (&answer.head), sizeof failure);
    errno = -failure.error;
    return fettle_error_errno (err, FETTLE_E_UNREACHABLE, "the route to %s", text);
  }
  if (answer.head.nlmsg_len < NLMSG_LENGTH (sizeof (struct rtmsg)))
    return fettle_error_set (err, FETTLE_E_PROTOCOL, "no answer about the route to %s", text);
  return interface_of (NLMSG_DATA (&answer.head), RTM_PAYLOAD (&answer.head), text, ret, err);
}

fettle_result
fettle_route_interface (const struct fettle_address *to, char ret[IF_NAMESIZE],
                        struct fettle_error *err)
{
  const struct timeval limit = { 0, 200000 };
  const size_t size = to->family == 4 ? 4 : 16;
  struct question q = {
    .head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
    .route = { .rtm_family = to->family == 4 ? AF_INET : AF_INET6,
               .rtm_dst_len = (unsigned char) (8 * size) },
    .to = { .rta_len = (unsigned short) RTA_LENGTH (size), .rta_type = RTA_DST },
  };
  char text[FETTLE_ADDRESS_TEXT];
  _cleanup_close_ int fd = -1;

  fettle_address_text (to, text);
  if (to->interface[0]) {
    snprintf (ret, IF_NAMESIZE, "%.15s", to->interface);
    return FETTLE_OK;
  }
  q.head.nlmsg_len = (uint32_t) (offsetof (struct question, address) + size);
  memcpy (q.address, to->bytes, size);
  fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0 || setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit))
    return fettle_error_errno (err, FETTLE_E_INTERNAL, "a socket for routes");
  return ask (fd, &q, text, ret, err);
}
