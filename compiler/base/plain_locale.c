/* SPDX-License-Identifier: MIT */
#include "base/plain_locale.h"

struct plain_locale plain_locale_enter(void)
{
    struct plain_locale locale = {.used = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (locale.used)
        locale.before = uselocale(locale.used);
    return locale;
}

void plain_locale_leave(struct plain_locale locale)
{
    if (!locale.used)
        return;
    (void)uselocale(locale.before);
    freelocale(locale.used);
}
