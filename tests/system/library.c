/* SPDX-License-Identifier: MIT
 *
 * Applies the emitted library to the rows of a .npy file of doubles and compares with what the trainer's
 * apply made of them, in single precision, and with the rows themselves on the way back.
 *
 *     library MODEL.safetensors Y.npy S.npy        both .npy as numpy writes them: 128 bytes, then
 * numbers */
#include "toy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NPY_HEADER = 128, MOST = 1000 };

static size_t read_from(const char *path, long skip, void *to, size_t size, size_t count)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, skip, SEEK_SET) != 0)
        exit(2);
    size_t got = fread(to, size, count, file);
    fclose(file);
    return got;
}

/* The largest difference relative to the larger of 1 and the number. */
static double gap(const float *a, const float *b, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double here = fabs((double)a[i] - (double)b[i]) / fmax(1, fabs((double)b[i]));
        most = here > most || isnan(here) ? here : most;
    }
    return most;
}

int main(int argc, char **argv)
{
    static double y[MOST][toy_DIMENSION];
    static float from[MOST][toy_DIMENSION], s[MOST][toy_DIMENSION], expected[MOST][toy_DIMENSION];
    float theta[toy_PARAMETERS];
    unsigned char length[8];
    if (argc != 4 || read_from(argv[1], 0, length, 1, 8) != 8)
        return 2;
    long skip = 8 + length[0] + 256L * length[1];
    if (read_from(argv[1], skip, theta, sizeof *theta, toy_PARAMETERS) != toy_PARAMETERS)
        return 2;
    size_t n = read_from(argv[2], NPY_HEADER, y, sizeof *y, MOST);
    if (n == 0 || read_from(argv[3], NPY_HEADER, expected, sizeof *expected, MOST) != n)
        return 2;
    for (size_t i = 0; i < n * toy_DIMENSION; i++)
        (&from[0][0])[i] = (float)(&y[0][0])[i];
    size_t bytes = (toy_workspace_bytes() + 63) / 64 * 64;
    void *workspace = aligned_alloc(64, bytes);
    if (!workspace)
        return 2;
    toy_apply(theta, n, &from[0][0], &s[0][0], workspace);
    double forth = gap(&s[0][0], &expected[0][0], n * toy_DIMENSION);
    double moved = gap(&s[0][0], &from[0][0], n * toy_DIMENSION);
    toy_invert(theta, n, &expected[0][0], &s[0][0], workspace);
    double back = gap(&s[0][0], &from[0][0], n * toy_DIMENSION);
    free(workspace);
    printf("%zu rows moved by up to %g; against the trainer %g, round trip %g\n", n, moved, forth, back);
    return moved > 1e-3 && forth < 1e-6 && back < 1e-3 ? 0 : 1;
}
