/* SPDX-License-Identifier: MIT
 *
 * The sweep as a table and as a picture: one heat map for each field and precision, dimensions down, widths
 * across. */
#include "bench_sweep.h"

#include <math.h>

enum { MOST = 32, CELL_WIDTH = 34, CELL_HEIGHT = 22, LEFT = 54, TOP = 64, GAP = 34 };

static const char *const fields[] = {"gaussian", "cube"};
static const enum real reals[] = {REAL_4, REAL_8};

/* ---- table --------------------------------------------------------------------------------------------- */

static void table_of(const struct sweep *sweep, const char *field, enum real real, struct strbuf *out)
{
    int d[MOST], width[MOST];
    const int n_d = sweep_dimensions(sweep, d, MOST), n_width = sweep_widths(sweep, width, MOST);
    strbuf_addf(out, "\n%s, %s\n\n| d \\ width |", field, bench_precision(real));
    for (int k = 0; k < n_width; k++)
        strbuf_addf(out, " %d |", width[k]);
    strbuf_add(out, "\n| --- |");
    for (int k = 0; k < n_width; k++)
        strbuf_add(out, " --- |");
    for (int i = 0; i < n_d; i++) {
        strbuf_addf(out, "\n| %d |", d[i]);
        for (int k = 0; k < n_width; k++) {
            const struct sweep_cell *cell = sweep_find(sweep, field, real, d[i], width[k]);
            if (cell && cell->measured)
                strbuf_addf(out, " %.0f |", 100 * cell->useful);
            else
                strbuf_add(out, " |");
        }
    }
    strbuf_add(out, "\n");
}

static void table_of_others(const struct sweep *sweep, struct strbuf *out)
{
    strbuf_add(out, "\n| d, width | what differs | useful | executed |\n| --- | --- | --- | --- |\n");
    for (int i = 0; i < sweep->n; i++) {
        const struct sweep_cell *cell = &sweep->cells[i];
        if (cell->row && cell->measured)
            strbuf_addf(out, "| %d, %d | %s | %.0f | %.0f |\n", cell->c.d, cell->c.hidden[0], cell->row,
                        100 * cell->useful, 100 * cell->executed);
    }
}

void sweep_table(const struct sweep *sweep, struct strbuf *out)
{
    const struct sweep_cell *worst = sweep_worst(sweep);
    if (worst)
        strbuf_addf(out, "Worst from width %d on: d = %d, width %d, %s, %s%s%s: %.0f %% of peak.\n",
                    SWEEP_WIDE, worst->c.d, worst->c.hidden[0], worst->c.field,
                    bench_precision(worst->c.real), worst->row ? ", " : "", worst->row ? worst->row : "",
                    100 * worst->useful);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 2; i++)
            table_of(sweep, fields[i], reals[k], out);
    table_of_others(sweep, out);
}

/* ---- picture ------------------------------------------------------------------------------------------- */

struct colour {
    double red, green, blue;
};

/* From dark violet (0) over teal to yellow (1), about as bright as the share is high. */
static struct colour colour_of(double share)
{
    static const struct colour scale[] = {
        {68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}};
    const double at = fmin(fmax(share, 0), 0.9999) * 4;
    const int i = (int)at;
    const double part = at - i;
    return (struct colour){scale[i].red + part * (scale[i + 1].red - scale[i].red),
                           scale[i].green + part * (scale[i + 1].green - scale[i].green),
                           scale[i].blue + part * (scale[i + 1].blue - scale[i].blue)};
}

static void draw_cell(const struct sweep_cell *cell, bool worst, int x, int y, struct strbuf *out)
{
    const struct colour c = colour_of(cell->useful);
    strbuf_addf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"rgb(%.0f,%.0f,%.0f)\"%s/>\n",
                x, y, CELL_WIDTH - 1, CELL_HEIGHT - 1, c.red, c.green, c.blue,
                worst ? " stroke=\"red\" stroke-width=\"3\"" : "");
    strbuf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"%s\">%.0f</text>\n",
                x + CELL_WIDTH / 2, y + 15, cell->useful > 0.55 ? "black" : "white", 100 * cell->useful);
}

static void draw_map(const struct sweep *sweep, const char *field, enum real real, int x, int y,
                     struct strbuf *out)
{
    int d[MOST], width[MOST];
    const int n_d = sweep_dimensions(sweep, d, MOST), n_width = sweep_widths(sweep, width, MOST);
    strbuf_addf(out, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s, %s</text>\n", x, y - 24, field,
                bench_precision(real));
    for (int k = 0; k < n_width; k++)
        strbuf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
                    x + k * CELL_WIDTH + CELL_WIDTH / 2, y - 6, width[k]);
    for (int i = 0; i < n_d; i++) {
        strbuf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d</text>\n", x - 6,
                    y + i * CELL_HEIGHT + 15, d[i]);
        for (int k = 0; k < n_width; k++) {
            const struct sweep_cell *cell = sweep_find(sweep, field, real, d[i], width[k]);
            if (cell && cell->measured)
                draw_cell(cell, cell == sweep_worst(sweep), x + k * CELL_WIDTH, y + i * CELL_HEIGHT, out);
        }
    }
}

void sweep_picture(const struct sweep *sweep, struct strbuf *out)
{
    int d[MOST], width[MOST];
    const int map_width = sweep_widths(sweep, width, MOST) * CELL_WIDTH,
              map_height = sweep_dimensions(sweep, d, MOST) * CELL_HEIGHT;
    const int right = LEFT + map_width + GAP + LEFT, below = TOP + map_height + GAP + TOP;
    const int whole_width = right + map_width + 20, whole_height = below + map_height + 20;
    strbuf_addf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
        "font-size=\"12\">\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
        whole_width, whole_height, whole_width, whole_height);
    strbuf_addf(out,
                "<text x=\"%d\" y=\"20\" font-size=\"14\">Useful share of a core's peak, percent, of a "
                "training step: "
                "d down, width of two hidden layers across</text>\n",
                LEFT - 40);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 2; i++)
            draw_map(sweep, fields[i], reals[k], i ? right : LEFT, k ? below : TOP, out);
    strbuf_add(out, "</svg>\n");
}
