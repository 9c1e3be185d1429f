/* SPDX-License-Identifier: MIT
 *
 * A JSON value as text. jansson's own function loses characters where memory ends on the way. */
#ifndef GPFC_JSON_TEXT_H
#define GPFC_JSON_TEXT_H

#include <jansson.h>

/* flags: jansson's. To be freed; NULL: no memory, a text that is no UTF-8, or no value. */
char *json_text(const json_t *json, size_t flags);

#endif
