/* SPDX-License-Identifier: MIT */
#include "gpfc.h"

const char *gpfc_version(void)
{
    return PACKAGE_VERSION;
}
