/* SPDX-License-Identifier: MIT
 *
 * The history as a picture: a row for each case with a bar for the useful share of peak of its latest run, a
 * mark for the executed share, and the useful shares of its runs so far, from left to right. */
#include "bench.h"

#include "base/file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_CASES = 64,
    MOST_RUNS = 48,
    MOST_LINE = 1 << 14,
    ROW = 24,
    LEFT = 190,
    BAR = 320,
    GAP = 70,
    RUN = 6,
    TOP = 64
};

struct runs { /* of one case, the latest MOST_RUNS */
    char name[64];
    int n;
    double useful[MOST_RUNS], executed, seconds;
};

struct history {
    int n;
    struct runs cases[MOST_CASES];
};

/* ---- reading ------------------------------------------------------------------------------------------- */

static struct runs *runs_of(struct history *history, const char *name)
{
    for (int i = 0; i < history->n; i++)
        if (strcmp(history->cases[i].name, name) == 0)
            return &history->cases[i];
    if (history->n == MOST_CASES)
        return NULL;
    struct runs *runs = &history->cases[history->n++];
    (void)snprintf(runs->name, sizeof runs->name, "%s", name);
    return runs;
}

static void add_run(struct history *history, const json_t *line)
{
    const char *name = json_string_value(json_object_get(line, "case"));
    struct runs *runs = name ? runs_of(history, name) : NULL;
    if (!runs)
        return;
    if (runs->n == MOST_RUNS)
        memmove(runs->useful, runs->useful + 1, (size_t)--runs->n * sizeof *runs->useful);
    runs->useful[runs->n++] = json_number_value(json_object_get(line, "useful_share"));
    runs->executed = json_number_value(json_object_get(line, "executed_share"));
    runs->seconds = json_number_value(json_object_get(line, "least_s"));
}

/* Lines that are no objects are passed over: a run may have been stopped while it wrote. */
static bool read_history(const char *path, char *line, struct history *out)
{
    FILE *file = fopen(path, "r");
    while (file && fgets(line, MOST_LINE, file)) {
        json_t *object = json_loads(line, 0, NULL);
        add_run(out, object);
        json_decref(object);
    }
    return file && fclose(file) == 0;
}

/* ---- drawing ------------------------------------------------------------------------------------------- */

static void text(struct strbuf *out, int x, int y, const char *anchor, const char *what)
{
    strbuf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what);
}

static void scale(int rows, struct strbuf *out)
{
    for (int percent = 0; percent <= 100; percent += 20) {
        const int x = LEFT + BAR * percent / 100;
        strbuf_addf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#ccc\"/>\n", x, TOP - 6, x,
                    TOP + rows * ROW);
        strbuf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d %%</text>\n", x, TOP - 10,
                    percent);
    }
}

static void row(const struct runs *runs, int y, struct strbuf *out)
{
    const double last = runs->useful[runs->n - 1];
    text(out, LEFT - 8, y + 15, "end", runs->name);
    strbuf_addf(out, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#2a788e\"/>\n", LEFT, y + 3,
                BAR * last, ROW - 6);
    strbuf_addf(out,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"black\" stroke-width=\"2\"/>\n",
                LEFT + BAR * runs->executed, y + 1, LEFT + BAR * runs->executed, y + ROW - 1);
    strbuf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.4g ms</text>\n", LEFT + BAR + GAP, y + 15,
                1e3 * runs->seconds);
    strbuf_add(out, "<polyline fill=\"none\" stroke=\"#440154\" points=\"");
    for (int i = 0; i < runs->n; i++)
        strbuf_addf(out, "%d,%.1f ", LEFT + BAR + GAP + 16 + i * RUN,
                    y + 2 + (ROW - 4) * (1 - runs->useful[i]));
    strbuf_add(out, "\"/>\n");
    strbuf_addf(out, "<circle cx=\"%d\" cy=\"%.1f\" r=\"2\" fill=\"#440154\"/>\n",
                LEFT + BAR + GAP + 16 + (runs->n - 1) * RUN, y + 2 + (ROW - 4) * (1 - last));
}

static void draw(const struct history *history, struct strbuf *out)
{
    const int width = LEFT + BAR + GAP + 40 + MOST_RUNS * RUN, height = TOP + history->n * ROW + 16;
    strbuf_addf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
        "font-size=\"12\">\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
        width, height, width, height);
    strbuf_add(out, "<text x=\"12\" y=\"20\" font-size=\"14\">Share of a core's measured peak: bar useful, "
                    "mark executed; "
                    "time of a step; useful share of the runs so far</text>\n");
    scale(history->n, out);
    for (int i = 0; i < history->n; i++)
        row(&history->cases[i], TOP + i * ROW, out);
    strbuf_add(out, "</svg>\n");
}

bool bench_picture(struct arena *arena, const char *history, const char *path, struct fault *fault)
{
    struct history *all = ARENA_NEW(arena, struct history);
    struct strbuf out;
    const char *why = NULL;
    if (!read_history(history, arena_alloc(arena, MOST_LINE), all))
        return fault_set(fault, FAULT_SYSTEM, "%s: cannot be read", history);
    strbuf_init(&out, arena);
    draw(all, &out);
    return file_put(arena, path, strbuf_text(&out), out.length, 0666, &why) ||
           fault_set(fault, FAULT_SYSTEM, "%s", why);
}
