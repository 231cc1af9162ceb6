/* compat.h - what differs between systems.  The only place that asks which
 * system or compiler this is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_COMPAT_H
#define FETTLE_COMPAT_H

#if defined (__GNUC__)
# define FETTLE_FORMAT(a, b) __attribute__ ((__format__ (__printf__, a, b)))
# define FETTLE_UNUSED       __attribute__ ((__unused__))
#else
# define FETTLE_FORMAT(a, b)
# define FETTLE_UNUSED
#endif

/* AddressSanitizer reserves terabytes of addresses: no limit on those then. */
#if defined (__SANITIZE_ADDRESS__)
# define FETTLE_ASAN 1
#elif defined (__has_feature)
# if __has_feature (address_sanitizer)
#  define FETTLE_ASAN 1
# endif
#endif
#ifndef FETTLE_ASAN
# define FETTLE_ASAN 0
#endif

#if defined (_WIN32)
# define FETTLE_THIS_HOST FETTLE_HOST_WINDOWS
# define FETTLE_MODULE_EXT ".dll"
#else
# define FETTLE_THIS_HOST FETTLE_HOST_LINUX
# define FETTLE_MODULE_EXT ".so"
#endif

#endif
