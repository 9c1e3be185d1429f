/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a file of wisdom, and its first line once more with the checksum that it should have: what is
 * no sound record is counted, and what is one is written and read again as it was. */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "sched/sched_space.h"
#include "tune/wisdom.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void read_schedule(struct arena *arena, const char *text)
{
    struct schedule schedule = {.lanes = 8, .cpu = {.vector = 8, .accumulators = 8, .registers = 16}};
    const struct schedule before = schedule;
    const char *fault = NULL;
    if (!sched_parse(arena, text, &schedule, NULL, &fault))
        demand(fault && sched_equal(&schedule, &before));
}

static int parse(const char *text, size_t length)
{
    struct arena *arena = arena_new();
    struct wisdom wisdom, again;
    wisdom_parse(arena, text, length, &wisdom);
    demand(wisdom.n == 0 || wisdom.records);
    demand(wisdom.broken == 0 || (wisdom.broken_line > 0 && wisdom.why[0]));
    for (int i = 0; i < wisdom.n; i++)
        read_schedule(arena, wisdom.records[i].schedule);
    const char *written = wisdom_print(arena, &wisdom);
    wisdom_parse(arena, written, strlen(written), &again);
    demand(again.n == wisdom.n && again.broken == 0);
    for (int i = 0; i < wisdom.n; i++)
        demand(strcmp(again.records[i].key, wisdom.records[i].key) == 0);
    const int n = wisdom.n;
    arena_free(arena);
    return n;
}

/* Without this no change of a record would come further than its checksum. */
static void parse_signed(const char *text, size_t length)
{
    const char *end = memchr(text, '\n', length);
    json_t *object = json_loadb(text, end ? (size_t)(end - text) : length, 0, NULL);
    if (json_is_object(object)) {
        (void)json_object_del(object, "check");
        char *plain = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS), line[1 << 17];
        if (plain && plain[1] != '}' && strlen(plain) < sizeof line - 64) {
            (void)snprintf(line, sizeof line, "{\"check\":\"%016llx\",%s\n",
                           (unsigned long long)hash_bytes(plain, strlen(plain), 0), plain + 1);
            (void)parse(line, strlen(line));
        }
        free(plain);
    }
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)parse((const char *)data, size);
    parse_signed((const char *)data, size);
    return 0;
}
