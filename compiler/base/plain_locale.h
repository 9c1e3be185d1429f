/* SPDX-License-Identifier: MIT
 *
 * A user of the library may have chosen a locale that writes 0,5. All numbers are read and written with a
 * point: a thread leaves that locale for as long as it works for a compile. */
#ifndef GPFC_PLAIN_LOCALE_H
#define GPFC_PLAIN_LOCALE_H

#include <locale.h>

struct plain_locale {
    locale_t used, before;
};

/* Without memory for it the locale stays what it is. May be nested. */
struct plain_locale plain_locale_enter(void);
void plain_locale_leave(struct plain_locale locale);

#endif
