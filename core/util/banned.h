/* banned.h - functions that are misused too easily, and what to use instead.
 * Included last by every .c file of core/, through base.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FETTLE_BANNED_H
#define FETTLE_BANNED_H

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#define strcpy(a, b)      strcpy_is_banned_use_snprintf_or_fettle_buf
#define strcat(a, b)      strcat_is_banned_use_fettle_buf
#define strncpy(a, b, c)  strncpy_is_banned_use_snprintf
#define strncat(a, b, c)  strncat_is_banned_use_fettle_buf
#define sprintf(...)      sprintf_is_banned_use_snprintf
#define vsprintf(...)     vsprintf_is_banned_use_vsnprintf
#define strtok(a, b)      strtok_is_banned_use_strcspn
#define atoi(a)           atoi_is_banned_use_fettle_parse_uint
#define atol(a)           atol_is_banned_use_fettle_parse_uint
#define gmtime(a)         gmtime_is_banned_use_gmtime_r
#define localtime(a)      localtime_is_banned_use_localtime_r
#define ctime(a)          ctime_is_banned_use_strftime
#define asctime(a)        asctime_is_banned_use_strftime

#endif
