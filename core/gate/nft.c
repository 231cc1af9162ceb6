/* nft.c - see nft.h.  SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#include "gate/base.h"

#include <fcntl.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include "gate/nft.h"

struct fettle_nft {
  struct nft_ctx *ctx;
};

/* libnftables opens its socket without close-on-exec: a child that inherited
 * it would keep our table in the kernel when we are gone. */
static void
close_on_exec (void)
{
  for (int fd = 3; fd < 256; fd++) {
    int domain = 0;
    socklen_t size = sizeof domain;

    if (getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_NETLINK)
      fcntl (fd, F_SETFD, FD_CLOEXEC);
  }
}

enum fettle_gate_result
fettle_nft_open (struct fettle_nft **ret, struct fettle_why *why)
{
  struct fettle_nft *nft = calloc (1, sizeof *nft);

  if (nft)
    nft->ctx = nft_ctx_new (NFT_CTX_DEFAULT);
  if (!nft || !nft->ctx || nft_ctx_buffer_output (nft->ctx) || nft_ctx_buffer_error (nft->ctx)) {
    fettle_nft_close (nft);
    return fettle_why_set (why, FETTLE_GATE_E_NOMEM, "libnftables can't be initialised");
  }
  close_on_exec ();
  *ret = nft;
  return FETTLE_GATE_OK;
}

void
fettle_nft_close (struct fettle_nft *nft)
{
  if (nft && nft->ctx)
    nft_ctx_free (nft->ctx);
  free (nft);
}

/* The first line, without the place in front.  What follows echoes the input,
 * which can be megabytes. */
static enum fettle_gate_result
refused (const char *text, struct fettle_why *why)
{
  const char *error = text ? strstr (text, "Error: ") : NULL;
  const char *from = error ? error + strlen ("Error: ") : text && *text ? text : "no reason given";

  return fettle_why_set (why, FETTLE_GATE_E_KERNEL, "nftables: %.*s", (int) strcspn (from, "\n"),
                         from);
}

/* Both buffers grow until they are fetched. */
static enum fettle_gate_result
run (struct fettle_nft *nft, const char *commands, const char **ret_output,
     struct fettle_why *why)
{
  int failed = nft_run_cmd_from_buffer (nft->ctx, commands);
  const char *output = nft_ctx_get_output_buffer (nft->ctx);
  const char *errors = nft_ctx_get_error_buffer (nft->ctx);

  if (failed)
    return refused (errors, why);
  *ret_output = output ? output : "";
  return FETTLE_GATE_OK;
}

enum fettle_gate_result
fettle_nft_run (struct fettle_nft *nft, const char *commands, struct fettle_why *why)
{
  const char *output;

  return run (nft, commands, &output, why);
}

enum fettle_gate_result
fettle_nft_try (struct fettle_nft *nft, const char *commands, struct fettle_why *why)
{
  enum fettle_gate_result r;

  nft_ctx_set_dry_run (nft->ctx, true);
  r = fettle_nft_run (nft, commands, why);
  nft_ctx_set_dry_run (nft->ctx, false);
  return r;
}

/* `get element` of nftables 1.0.6 answers in text even where JSON is asked for. */
enum fettle_gate_result
fettle_nft_ask (struct fettle_nft *nft, const char *command, const char **ret,
                struct fettle_why *why)
{
  enum fettle_gate_result r;

  nft_ctx_output_set_flags (nft->ctx, NFT_CTX_OUTPUT_NUMERIC_PROTO);
  r = run (nft, command, ret, why);
  nft_ctx_output_set_flags (nft->ctx, 0);
  return r;
}

enum fettle_gate_result
fettle_nft_ask_json (struct fettle_nft *nft, const char *command, json_t **ret,
                     struct fettle_why *why)
{
  const char *output;
  json_t *answer, *list;
  enum fettle_gate_result r;

  nft_ctx_output_set_flags (nft->ctx, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL
                                        | NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE);
  r = run (nft, command, &output, why);
  nft_ctx_output_set_flags (nft->ctx, 0);
  if (r)
    return r;
  answer = json_loads (output, 0, NULL);
  list = json_incref (json_object_get (answer, "nftables"));
  json_decref (answer);
  if (!json_is_array (list)) {
    json_decref (list);
    return fettle_why_set (why, FETTLE_GATE_E_KERNEL, "nftables answered what isn't JSON");
  }
  *ret = list;
  return FETTLE_GATE_OK;
}
