/* SPDX-License-Identifier: MIT
 *
 * A locale that writes 0,5 for tests: one of the system's, or one made for the test. */
#ifndef GPFC_COMMA_LOCALE_H
#define GPFC_COMMA_LOCALE_H

#include "check.h"
#include "scratch.h"

#include <locale.h>

static inline bool comma_locale_set(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++)
        if (setlocale(LC_ALL, names[i]) && localeconv()->decimal_point[0] == ',')
            return true;
    return false;
}

/* Of the whole process; false, and a skip is noted, where there is none and none can be made. */
static inline bool comma_locale_enter(void)
{
    struct scratch scratch;
    char command[1200];
    if (comma_locale_set())
        return true;
    if (!scratch_make(&scratch))
        return false;
    (void)snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >%s/log 2>&1",
                   scratch.folder, scratch.folder);
    const bool made = system(command) >= 0 && setenv("LOCPATH", scratch.folder, 1) == 0 && comma_locale_set();
    (void)unsetenv("LOCPATH");
    scratch_remove(&scratch);
    if (!made)
        check_skip("there is no locale with a decimal comma");
    return made;
}

static inline void comma_locale_leave(void)
{
    (void)setlocale(LC_ALL, "C");
}

#endif
