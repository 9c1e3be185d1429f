/* SPDX-License-Identifier: MIT
 *
 * The thread's locale is C for a while, so that numbers have a decimal point. */
#ifndef GPFC_C_LOCALE_H
#define GPFC_C_LOCALE_H

#include "ground/fault.h"

#include <locale.h>

struct c_locale {
    locale_t c, before;
};

bool c_locale_enter(struct c_locale *locale, struct fault *fault) MUST_CHECK;
void c_locale_leave(const struct c_locale *locale);

#endif
