/* SPDX-License-Identifier: MIT
 *
 * JSON that is made piece by piece. Where memory lacks for a piece, the whole is freed and NULL, and what is
 * added to that is freed: a value that is there in the end is complete, whoever allocates for jansson. */
#ifndef GPFC_JSON_MAKE_H
#define GPFC_JSON_MAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All take the value; NULL: there was no memory for it. */
void json_put(json_t **object, const char *key, json_t *value);
void json_append(json_t **list, json_t *value);

void json_put_count(json_t **object, const char *key, int64_t value);
void json_put_number(json_t **object, const char *key, double value);    /* null where not finite */
void json_put_text(json_t **object, const char *key, const char *value); /* null where NULL or no UTF-8 */

/* May it be a text in JSON? */
bool json_takes(const char *text);

#endif
