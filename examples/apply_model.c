/* SPDX-License-Identifier: MIT
 *
 * A C program that applies a trained model of dimension 2, single precision, through the runtime library:
 *
 *     gpfc specs/eight_gaussians.yaml -o trainer && ./trainer train --out run
 *     gpfc specs/eight_gaussians.yaml --emit=object -o kernels.o
 *     cc examples/apply_model.c kernels.o $(pkg-config --cflags --libs gpfc) -o apply_model
 *     echo 0.5 -1 | ./apply_model run/model.safetensors
 *
 * Before `make install`, PKG_CONFIG_PATH=build in the environment makes pkg-config find the build folder.
 *
 * Reads points from standard input, two numbers each, and prints y, s(y), and s's inverse of that. */
#include <gpfc/runtime.h>

#include <stdio.h>
#include <stdlib.h>

enum { MOST = 1000 };

static int64_t read_points(float *y)
{
    int64_t n = 0;
    while (n < MOST && scanf("%f %f", &y[2 * n], &y[2 * n + 1]) == 2)
        n++;
    return n;
}

int main(int argc, char **argv)
{
    static float y[2 * MOST], s[2 * MOST], back[2 * MOST];
    char message[512];
    if (argc != 2 || gpfc_bundle.dimension != 2 || gpfc_bundle.precision != sizeof(float)) {
        (void)fprintf(stderr, "usage: apply_model MODEL, with kernels of dimension 2 and single precision\n");
        return 2;
    }
    struct gpfc_flow *flow = gpfc_flow_open(&gpfc_bundle, argv[1], 0, message, sizeof message);
    if (!flow) {
        (void)fprintf(stderr, "apply_model: %s\n", message);
        return EXIT_FAILURE;
    }
    const int64_t n = read_points(y);
    gpfc_flow_apply(flow, y, s, n);
    gpfc_flow_invert(flow, s, back, n);
    gpfc_flow_close(flow);
    for (int64_t i = 0; i < n; i++)
        printf("%g %g -> %g %g -> %g %g\n", (double)y[2 * i], (double)y[2 * i + 1], (double)s[2 * i],
               (double)s[2 * i + 1], (double)back[2 * i], (double)back[2 * i + 1]);
    return EXIT_SUCCESS;
}
