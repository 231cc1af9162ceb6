/* http-status.c - see http-status.h.  SPDX-License-Identifier: Apache-2.0 */
#include "util/base.h"

#include "serve/http-status.h"

static const struct {
  int status;
  const char *text;
  fettle_result code;
} statuses[] = {
  { 200, "OK",                              FETTLE_OK },
  { 201, "Created",                         FETTLE_OK },
  { 202, "Accepted",                        FETTLE_OK },
  { 206, "Partial Content",                 FETTLE_OK },
  { 304, "Not Modified",                    FETTLE_OK },
  { 307, "Temporary Redirect",              FETTLE_OK },
  { 400, "Bad Request",                     FETTLE_E_CONFIG },
  { 401, "Unauthorized",                    FETTLE_E_AUTH },
  { 403, "Forbidden",                       FETTLE_E_AUTH },
  { 404, "Not Found",                       FETTLE_E_UNREACHABLE },
  { 405, "Method Not Allowed",              FETTLE_E_UNSUPPORTED },
  { 409, "Conflict",                        FETTLE_E_BUSY },
  { 411, "Length Required",                 FETTLE_E_CONFIG },
  { 412, "Precondition Failed",             FETTLE_E_CONFIG },
  { 413, "Content Too Large",               FETTLE_E_CONFIG },
  { 414, "URI Too Long",                    FETTLE_E_CONFIG },
  { 415, "Unsupported Media Type",          FETTLE_E_CONFIG },
  { 416, "Range Not Satisfiable",           FETTLE_E_CONFIG },
  { 417, "Expectation Failed",              FETTLE_E_CONFIG },
  { 422, "Unprocessable Content",           FETTLE_E_UNSUPPORTED },
  { 429, "Too Many Requests",               FETTLE_E_AUTH },
  { 431, "Request Header Fields Too Large", FETTLE_E_CONFIG },
  { 500, "Internal Server Error",           FETTLE_E_INTERNAL },
  { 501, "Not Implemented",                 FETTLE_E_UNSUPPORTED },
  { 503, "Service Unavailable",             FETTLE_E_SERVICE },
  { 505, "HTTP Version Not Supported",      FETTLE_E_UNSUPPORTED },
};

const char *
fettle_status_text (int status)
{
  for (size_t i = 0; i < COUNT (statuses); i++)
    if (statuses[i].status == status)
      return statuses[i].text;
  return status < 300 ? "OK" : "Error";
}

const char *
fettle_status_code (int status)
{
  for (size_t i = 0; i < COUNT (statuses); i++)
    if (statuses[i].status == status)
      return fettle_result_name (statuses[i].code);
  return fettle_result_name (FETTLE_E_INTERNAL);
}
