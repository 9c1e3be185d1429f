/* SPDX-License-Identifier: MIT */
#include "ground/c_locale.h"

bool c_locale_enter(struct c_locale *locale, struct fault *fault)
{
    locale->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!locale->c)
        return fault_memory(fault, 0, "a locale");
    locale->before = uselocale(locale->c);
    return true;
}

void c_locale_leave(const struct c_locale *locale)
{
    (void)uselocale(locale->before);
    freelocale(locale->c);
}
