/* SPDX-License-Identifier: MIT */
#include "gpu/stand_in_counts.h"

#include "gpu/stand_in_block.h"
#include "gpu/stand_in_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BANKS = 32, WORD = 4, SECTOR = 32, MOST_PLACES = 4096 };

struct place_counts {
    const void *pc;
    size_t bytes;
    bool is_write, is_shared;
    long requests, lanes, wavefronts, fewest, sectors;
};

/* The accesses of a thread since the last barrier, in order */
struct trail {
    struct counted *accesses;
    size_t n, room;
    size_t next; /* the first that is not counted */
};

static struct {
    struct trail trails[MOST_THREADS];
    struct place_counts places[MOST_PLACES];
    size_t n_places;
} counts;

static bool are_wanted(void)
{
    return stand_in_options()->counts[0] && block_running() == 0;
}

void counts_access(const struct counted *access)
{
    struct trail *const trail = &counts.trails[thread_running()];
    if (!are_wanted())
        return;
    if (trail->n == trail->room) {
        const size_t room = trail->room ? 2 * trail->room : 256;
        struct counted *const grown = realloc(trail->accesses, room * sizeof *grown);
        if (!grown)
            abort();
        trail->accesses = grown;
        trail->room = room;
    }
    trail->accesses[trail->n++] = *access;
}

static struct place_counts *counts_of(const struct counted *access)
{
    size_t i = 0;
    while (i < counts.n_places && counts.places[i].pc != access->pc)
        i++;
    if (i == MOST_PLACES)
        abort();
    if (i == counts.n_places)
        counts.places[counts.n_places++] = (struct place_counts){.pc = access->pc,
                                                                 .bytes = access->bytes,
                                                                 .is_write = access->is_write,
                                                                 .is_shared = access->is_shared};
    return &counts.places[i];
}

/* Adds to a set of at most n; is it new? */
static bool add_new(uintptr_t set[], unsigned *n, uintptr_t value)
{
    for (unsigned i = 0; i < *n; i++)
        if (set[i] == value)
            return false;
    set[(*n)++] = value;
    return true;
}

static unsigned count_sectors(const struct counted *const lanes[], unsigned n)
{
    uintptr_t sectors[2 * WARP];
    unsigned found = 0;
    for (unsigned i = 0; i < n; i++) {
        (void)add_new(sectors, &found, lanes[i]->at / SECTOR);
        (void)add_new(sectors, &found, (lanes[i]->at + lanes[i]->bytes - 1) / SECTOR);
    }
    return found;
}

/* The most different words that one bank is asked for */
static unsigned count_wavefronts(const struct counted *const lanes[], unsigned n)
{
    uintptr_t words[BANKS][4 * WARP];
    unsigned found[BANKS] = {0}, most = 0;
    for (unsigned i = 0; i < n; i++)
        for (uintptr_t word = lanes[i]->at / WORD; word <= (lanes[i]->at + lanes[i]->bytes - 1) / WORD;
             word++) {
            unsigned *const in_bank = &found[word % BANKS];
            (void)add_new(words[word % BANKS], in_bank, word);
            most = *in_bank > most ? *in_bank : most;
        }
    return most;
}

/* Lanes that one pass serves: a bank gives a word, so that 16 bytes a lane take a pass for a quarter of a
 * warp. */
static unsigned lanes_in_pass(size_t bytes)
{
    return bytes <= WORD ? WARP : WARP * WORD / (unsigned)bytes;
}

static void count_request(const struct counted *const lanes[], unsigned n)
{
    struct place_counts *const place = counts_of(lanes[0]);
    const unsigned pass = lanes_in_pass(place->bytes);
    place->requests++;
    place->lanes += n;
    if (!place->is_shared)
        place->sectors += count_sectors(lanes, n);
    for (unsigned first = 0; place->is_shared && first < n; first += pass) {
        place->wavefronts += count_wavefronts(lanes + first, n - first < pass ? n - first : pass);
        place->fewest++;
    }
}

static const struct counted *next_of(const struct trail *trail)
{
    return trail->next < trail->n ? &trail->accesses[trail->next] : NULL;
}

/* Lanes whose next access is at the same place in the text are taken to make it together. */
static bool count_next(struct trail *warp, unsigned n)
{
    const struct counted *lanes[WARP], *lead = NULL;
    unsigned together = 0;
    for (unsigned i = 0; i < n && !lead; i++)
        lead = next_of(&warp[i]);
    if (!lead)
        return false;
    for (unsigned i = 0; i < n; i++) {
        const struct counted *const next = next_of(&warp[i]);
        if (next && next->pc == lead->pc) {
            lanes[together++] = next;
            warp[i].next++;
        }
    }
    count_request(lanes, together);
    return true;
}

void counts_interval(unsigned n_threads)
{
    if (!are_wanted())
        return;
    for (unsigned first = 0; first < n_threads; first += WARP)
        while (count_next(&counts.trails[first], n_threads - first < WARP ? n_threads - first : WARP)) {
        }
    for (unsigned i = 0; i < n_threads; i++)
        counts.trails[i].n = counts.trails[i].next = 0;
}

void counts_write(const char *kernel)
{
    if (!stand_in_options()->counts[0])
        return;
    FILE *const file = fopen(stand_in_options()->counts, "a");
    for (size_t i = 0; file && i < counts.n_places; i++) {
        const struct place_counts *const place = &counts.places[i];
        (void)fprintf(
            file, "%s %s %s bytes %zu requests %ld lanes %ld wavefronts %ld fewest %ld sectors %ld\n", kernel,
            place->is_shared ? "shared" : "global", place->is_write ? "write" : "read", place->bytes,
            place->requests, place->lanes, place->wavefronts, place->fewest, place->sectors);
    }
    if (file)
        (void)fclose(file);
    counts.n_places = 0;
}
