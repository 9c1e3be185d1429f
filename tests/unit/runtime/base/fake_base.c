/* SPDX-License-Identifier: MIT
 *
 * The maps of fake_base.h, each a function of one point in double precision; tiles of either precision call
 * it lane by lane. */
#include "unit/runtime/base/fake_base.h"

#include <math.h>
#include <string.h>

enum { LANES = 4 };

/* x [d] and, for velocities, t -> first [d] and second. theta: all parameters, in their order. */
typedef void fake_point(const double *theta, double t, const double *x, double *first, double *second);

struct fake_kernel {
    const char *name;
    int t; /* 1: has an input t */
    const char *out[2];
    int elements[2]; /* of the outputs */
    fake_point *point;
};

/* ---- tiles --------------------------------------------------------------------------------------------- */

static double get(int precision, const void *array, int i)
{
    return precision == 4 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static void set(int precision, void *array, int i, double value)
{
    if (precision == 4)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static void run_tile(const struct fake_kernel *kernel, int d, int n_parameters, const int *parameter,
                     int precision, const void *const *in, void *const *out)
{
    for (int lane = 0; lane < LANES; lane++) {
        double theta[FAKE_BASE_THETA], x[FAKE_BASE_D], result[2][FAKE_BASE_D * FAKE_BASE_D], t = 0;
        int n = 0;
        for (int p = 0; p < n_parameters; p++)
            for (int i = 0; i < parameter[p]; i++)
                theta[n++] = get(precision, in[p], i);
        for (int i = 0; i < d; i++)
            x[i] = get(precision, in[n_parameters], i * LANES + lane);
        if (kernel->t)
            t = get(precision, in[n_parameters + 1], lane);
        kernel->point(theta, t, x, result[0], result[1]);
        for (int o = 0; o < 2; o++)
            for (int i = 0; i < kernel->elements[o]; i++)
                set(precision, out[o], i * LANES + lane, result[o][i]);
    }
}

static void do_nothing_before(const void *const *in, void *uniform)
{
    (void)in;
    (void)uniform;
}

static void do_nothing_after(const void *const *in, void *const *out, const void *uniform, const void *sums)
{
    (void)in;
    (void)out;
    (void)uniform;
    (void)sums;
}

/* ---- BNAF ---------------------------------------------------------------------------------------------- */

static void smooth0(const double *theta, double t, const double *x, double *y, double *log_diagonal)
{
    (void)theta;
    (void)t;
    for (int i = 0; i < 3; i++) {
        const double above = i > 0 ? x[i - 1] : 0;
        y[i] = x[i] + 2 * tanh(x[i] - above) + sin(above);
        log_diagonal[i] = log(1 + 2 / (cosh(x[i] - above) * cosh(x[i] - above)));
    }
}

static void smooth1(const double *theta, double t, const double *x, double *y, double *log_diagonal)
{
    (void)theta;
    (void)t;
    for (int i = 0; i < 3; i++) {
        y[i] = sinh(0.5 * x[i]) + (i > 0 ? x[0] * x[i - 1] : 0.25);
        log_diagonal[i] = log(0.5 * cosh(0.5 * x[i]));
    }
}

static void smooth(const double *theta, double t, const double *x, double *y, double *logdet)
{
    double middle[3], flipped[3], a[3], b[3];
    smooth0(theta, t, x, middle, a);
    for (int i = 0; i < 3; i++)
        flipped[i] = middle[2 - i];
    smooth1(theta, t, flipped, y, b);
    *logdet = a[0] + a[1] + a[2] + b[0] + b[1] + b[2];
}

static void flat0(const double *theta, double t, const double *x, double *y, double *log_diagonal)
{
    (void)theta;
    (void)t;
    for (int i = 0; i < 2; i++) {
        const double z = x[i] + (i > 0 ? x[0] : 0), e = exp(-2 * fabs(z));
        y[i] = 4 * tanh(z);
        log_diagonal[i] = log(16.0) - 2 * fabs(z) - 2 * log1p(e);
    }
}

static void steps0(const double *theta, double t, const double *x, double *y, double *log_diagonal)
{
    (void)theta;
    (void)t;
    for (int i = 0; i < 2; i++) {
        const double z = 50 * (x[i] - (i > 0 ? x[0] : 0.3)), e = exp(-2 * fabs(z));
        y[i] = 1e-3 * x[i] + 2 * tanh(z);
        log_diagonal[i] = log(1e-3 + 400 * e / ((1 + e) * (1 + e)));
    }
}

static void broken0(const double *theta, double t, const double *x, double *y, double *log_diagonal)
{
    (void)theta;
    (void)t;
    for (int i = 0; i < 2; i++) {
        y[i] = x[0] > 0.5 ? NAN : x[i];
        log_diagonal[i] = 0;
    }
}

static void linear0(const double *theta, double t, const double *x, double *y, double *none)
{
    (void)t;
    (void)none;
    y[0] = exp(theta[0]) * x[0];
    y[1] = exp(theta[1]) * x[1] - 3 * x[0];
}

/* log_diagonal is theta. */
static void linear_after_double(const void *const *in, void *const *out, const void *uniform,
                                const void *sums)
{
    (void)uniform;
    (void)sums;
    memcpy(out[1], in[0], 2 * sizeof(double));
}

static void linear_after_single(const void *const *in, void *const *out, const void *uniform,
                                const void *sums)
{
    (void)uniform;
    (void)sums;
    memcpy(out[1], in[0], 2 * sizeof(float));
}

static void reach_tail(const double *theta, double t, const double *x, double *reached, double *none)
{
    (void)theta;
    (void)t;
    reached[0] = x[0];
    reached[1] = 3 - 5 * x[1];
    none[0] = 0;
}

static void extent_of(const double *theta, double t, const double *x, double *reached, double *made)
{
    (void)theta;
    (void)t;
    reached[0] = x[0];
    reached[1] = 2 * x[1];
    made[0] = 3 * x[0];
    made[1] = x[1];
}

/* The whole map of one block: logdet is the diagonal's sum. */
static void whole(fake_point *block, const double *theta, const double *x, double *y, double *logdet)
{
    double log_diagonal[FAKE_BASE_D] = {0};
    block(theta, 0, x, y, log_diagonal);
    *logdet = log_diagonal[0] + log_diagonal[1];
}

static void flat(const double *theta, double t, const double *x, double *y, double *logdet)
{
    (void)t;
    whole(flat0, theta, x, y, logdet);
}

static void steps(const double *theta, double t, const double *x, double *y, double *logdet)
{
    (void)t;
    whole(steps0, theta, x, y, logdet);
}

static void linear(const double *theta, double t, const double *x, double *y, double *logdet)
{
    linear0(theta, t, x, y, NULL);
    *logdet = theta[0] + theta[1];
}

static void broken(const double *theta, double t, const double *x, double *y, double *logdet)
{
    (void)t;
    whole(broken0, theta, x, y, logdet);
}

/* ---- FFJORD -------------------------------------------------------------------------------------------- */

/* exp(A) is e^0.5 times a rotation by 2. */
static void turning(const double *theta, double t, const double *x, double *v, double *divergence)
{
    (void)theta;
    (void)t;
    v[0] = 0.5 * x[0] - 2 * x[1];
    v[1] = 2 * x[0] + 0.5 * x[1];
    *divergence = 1;
}

static void growing(const double *theta, double t, const double *x, double *v, double *divergence)
{
    (void)theta;
    for (int i = 0; i < 2; i++)
        v[i] = 2 * t * x[i];
    *divergence = 4 * t;
}

static void blowing_up(const double *theta, double t, const double *x, double *v, double *divergence)
{
    (void)theta;
    (void)t;
    for (int i = 0; i < 2; i++)
        v[i] = x[i] * x[i];
    *divergence = 2 * x[0] + 2 * x[1];
}

/* The kernel apply is not looked at. */
static void nothing(const double *theta, double t, const double *x, double *y, double *logdet)
{
    (void)theta;
    (void)t;
    memcpy(y, x, 2 * sizeof *x);
    *logdet = 0;
}

/* ---- CP-Flow ------------------------------------------------------------------------------------------- */

/* theta: shift [2] and log_scale [2] of three ActNorms. */
static void convex(double sharpness, const double *x, double *y, double *hessian)
{
    const double w[3][2] = {{1, 0.5}, {-0.3 * sharpness, sharpness}, {sharpness, 0.9 * sharpness}};
    memcpy(y, x, 2 * sizeof *x);
    hessian[0] = hessian[3] = 1;
    hessian[1] = hessian[2] = 0;
    for (int k = 0; k < 3; k++) {
        const double g = 1 / (1 + exp(-(w[k][0] * x[0] + w[k][1] * x[1])));
        for (int i = 0; i < 2; i++) {
            y[i] += 3 * g * w[k][i];
            for (int j = 0; j < 2; j++)
                hessian[i * 2 + j] += 3 * g * (1 - g) * w[k][i] * w[k][j];
        }
    }
}

static void convex0(const double *theta, double t, const double *x, double *y, double *hessian)
{
    (void)theta;
    (void)t;
    convex(1, x, y, hessian);
}

static void convex1(const double *theta, double t, const double *x, double *y, double *hessian)
{
    (void)theta;
    (void)t;
    convex(8, x, y, hessian);
}

static double norm(const double *theta, const double *x, double *y)
{
    double logdet = 0;
    for (int i = 0; i < 2; i++) {
        const double scale = exp(theta[2 + i]) + 0.001;
        y[i] = (x[i] + theta[i]) * scale;
        logdet += log(scale);
    }
    return logdet;
}

static double log_determinant(const double h[4])
{
    return log(h[0] * h[3] - h[1] * h[2]);
}

static void cp_flow(const double *theta, double t, const double *x, double *y, double *logdet)
{
    double a[2], b[2], h0[4], h1[4];
    (void)t;
    *logdet = norm(theta, x, a);
    convex(1, a, b, h0);
    *logdet += norm(theta + 4, b, a);
    convex(8, a, b, h1);
    *logdet += norm(theta + 8, b, y) + log_determinant(h0) + log_determinant(h1);
}

/* What reaches the first two ActNorms, and what reaches the third. */
static void statistics(const double *theta, double t, const double *x, double *norm0, double *norm1)
{
    double a[2], h[4];
    (void)t;
    memcpy(norm0, x, 2 * sizeof *x);
    (void)norm(theta, x, a);
    convex(1, a, norm1, h);
}

/* ---- overflow ------------------------------------------------------------------------------------------ */

/* What comes of finite weights that are too large: infinities of either sign, and no number at 0. */
static void grow(const double *x, int n, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i] * INFINITY;
}

static void overflowing_slopes(const double *theta, double t, const double *x, double *y, double *slopes)
{
    (void)theta;
    (void)t;
    grow(x, 2, y);
    grow(x, 2, slopes);
}

static void overflowing_hessian(const double *theta, double t, const double *x, double *y, double *hessian)
{
    (void)theta;
    (void)t;
    memcpy(y, x, 2 * sizeof *y);
    for (int i = 0; i < 4; i++)
        hessian[i] = INFINITY;
}

static void overflowing(const double *theta, double t, const double *x, double *y, double *logdet)
{
    (void)theta;
    (void)t;
    grow(x, 2, y);
    *logdet = INFINITY;
}

/* ---- bundles ------------------------------------------------------------------------------------------- */

enum { MOST_KERNELS = 4 };

static const struct {
    const char *name;
    int d, n_parameters, parameter[6], n_kernels;
    const char *names[6];
    struct fake_kernel kernels[MOST_KERNELS];
} bases[FAKE_BASES] = {
    [FAKE_BNAF_SMOOTH] = {"bnaf",
                          3,
                          1,
                          {2},
                          3,
                          {"base.block0.gate"},
                          {{"block0", 0, {"y", "log_diagonal"}, {3, 3}, smooth0},
                           {"block1", 0, {"y", "log_diagonal"}, {3, 3}, smooth1},
                           {"apply", 0, {"y", "logdet"}, {3, 1}, smooth}}},
    [FAKE_BNAF_FLAT] = {"bnaf",
                        2,
                        1,
                        {2},
                        2,
                        {"base.block0.gate"},
                        {{"block0", 0, {"y", "log_diagonal"}, {2, 2}, flat0},
                         {"apply", 0, {"y", "logdet"}, {2, 1}, flat}}},
    [FAKE_BNAF_STEPS] = {"bnaf",
                         2,
                         1,
                         {2},
                         2,
                         {"base.block0.gate"},
                         {{"block0", 0, {"y", "log_diagonal"}, {2, 2}, steps0},
                          {"apply", 0, {"y", "logdet"}, {2, 1}, steps}}},
    [FAKE_BNAF_LINEAR] = {"bnaf",
                          2,
                          1,
                          {2},
                          2,
                          {"base.block0.gate"},
                          {{"block0", 0, {"y", "log_diagonal"}, {2, 0}, linear0},
                           {"apply", 0, {"y", "logdet"}, {2, 1}, linear}}},
    [FAKE_BNAF_BROKEN] = {"bnaf",
                          2,
                          1,
                          {2},
                          2,
                          {"base.block0.gate"},
                          {{"block0", 0, {"y", "log_diagonal"}, {2, 2}, broken0},
                           {"apply", 0, {"y", "logdet"}, {2, 1}, broken}}},
    [FAKE_BNAF_TAIL] = {"bnaf",
                        2,
                        2,
                        {4, 4},
                        3,
                        {"base.block1.tail.edge", "base.block1.tail.log_scale"},
                        {{"block0", 0, {"y", "log_diagonal"}, {2, 2}, flat0},
                         {"apply", 0, {"y", "logdet"}, {2, 1}, flat},
                         {"tail", 0, {"base.block1.tail", "none"}, {2, 1}, reach_tail}}},
    [FAKE_FFJORD_PLAIN] = {"ffjord",
                           2,
                           1,
                           {2},
                           3,
                           {"base.cnf0.layer0.bias"},
                           {{"velocity0", 1, {"v", "divergence"}, {2, 1}, turning},
                            {"velocity1", 1, {"v", "divergence"}, {2, 1}, growing},
                            {"apply", 0, {"y", "logdet"}, {2, 1}, nothing}}},
    [FAKE_FFJORD_BLOWS_UP] = {"ffjord",
                              2,
                              1,
                              {2},
                              2,
                              {"base.cnf0.layer0.bias"},
                              {{"velocity0", 1, {"v", "divergence"}, {2, 1}, blowing_up},
                               {"apply", 0, {"y", "logdet"}, {2, 1}, nothing}}},
    [FAKE_CP_FLOW_EXTENT] =
        {"cp_flow",
         2,
         3,
         {4, 4, 1},
         3,
         {"base.convex0.tail.edge", "base.convex0.tail.log_scale", "base.convex0.quadratic"},
         {{"block0", 0, {"y", "jacobian"}, {2, 4}, convex0},
          {"apply", 0, {"y", "logdet"}, {2, 1}, cp_flow},
          {"extent", 0, {"base.convex0.tail", "base.convex0.gradient"}, {2, 2}, extent_of}}},
    [FAKE_CP_FLOW] = {"cp_flow",
                      2,
                      6,
                      {2, 2, 2, 2, 2, 2},
                      4,
                      {"base.norm0.shift", "base.norm0.log_scale", "base.norm1.shift", "base.norm1.log_scale",
                       "base.norm2.shift", "base.norm2.log_scale"},
                      {{"block0", 0, {"y", "jacobian"}, {2, 4}, convex0},
                       {"block1", 0, {"y", "jacobian"}, {2, 4}, convex1},
                       {"apply", 0, {"y", "logdet"}, {2, 1}, cp_flow},
                       {"statistics", 0, {"base.norm0", "base.norm1"}, {2, 2}, statistics}}},
    [FAKE_BNAF_OVERFLOWS] = {"bnaf",
                             2,
                             1,
                             {2},
                             2,
                             {"base.block0.gate"},
                             {{"block0", 0, {"y", "log_diagonal"}, {2, 2}, overflowing_slopes},
                              {"apply", 0, {"y", "logdet"}, {2, 1}, overflowing}}},
    [FAKE_FFJORD_OVERFLOWS] = {"ffjord",
                               2,
                               1,
                               {2},
                               2,
                               {"base.cnf0.layer0.bias"},
                               {{"velocity0", 1, {"v", "divergence"}, {2, 1}, overflowing},
                                {"apply", 0, {"y", "logdet"}, {2, 1}, overflowing}}},
    [FAKE_CP_FLOW_OVERFLOWS] = {"cp_flow",
                                2,
                                2,
                                {2, 2},
                                2,
                                {"base.norm0.shift", "base.norm0.log_scale"},
                                {{"block0", 0, {"y", "jacobian"}, {2, 4}, overflowing_hessian},
                                 {"apply", 0, {"y", "logdet"}, {2, 1}, overflowing}}},
};

/* A kernel is called without a word on which it is. */
#define TILE(kind, which)                                                                                    \
    static void tile_##kind##_##which##_4(const void *const *in, void *const *out, const void *uniform,      \
                                          void *scratch, void *sums)                                         \
    {                                                                                                        \
        (void)uniform, (void)scratch, (void)sums;                                                            \
        run_tile(&bases[kind].kernels[which], bases[kind].d, bases[kind].n_parameters,                       \
                 bases[kind].parameter, 4, in, out);                                                         \
    }                                                                                                        \
    static void tile_##kind##_##which##_8(const void *const *in, void *const *out, const void *uniform,      \
                                          void *scratch, void *sums)                                         \
    {                                                                                                        \
        (void)uniform, (void)scratch, (void)sums;                                                            \
        run_tile(&bases[kind].kernels[which], bases[kind].d, bases[kind].n_parameters,                       \
                 bases[kind].parameter, 8, in, out);                                                         \
    }
#define TILES(kind) TILE(kind, 0) TILE(kind, 1) TILE(kind, 2) TILE(kind, 3)
TILES(FAKE_BNAF_SMOOTH)
TILES(FAKE_BNAF_FLAT)
TILES(FAKE_BNAF_STEPS)
TILES(FAKE_BNAF_LINEAR)
TILES(FAKE_BNAF_BROKEN)
TILES(FAKE_BNAF_TAIL)
TILES(FAKE_FFJORD_PLAIN)
TILES(FAKE_FFJORD_BLOWS_UP)
TILES(FAKE_CP_FLOW_EXTENT)
TILES(FAKE_CP_FLOW)
TILES(FAKE_BNAF_OVERFLOWS)
TILES(FAKE_FFJORD_OVERFLOWS)
TILES(FAKE_CP_FLOW_OVERFLOWS)

typedef void tile_function(const void *const *in, void *const *out, const void *uniform, void *scratch,
                           void *sums);
#define ROW(kind)                                                                                            \
    [kind] = {{tile_##kind##_0_4, tile_##kind##_0_8},                                                        \
              {tile_##kind##_1_4, tile_##kind##_1_8},                                                        \
              {tile_##kind##_2_4, tile_##kind##_2_8},                                                        \
              {tile_##kind##_3_4, tile_##kind##_3_8}}
static tile_function *const tiles[FAKE_BASES][MOST_KERNELS][2] = {
    ROW(FAKE_BNAF_SMOOTH),       ROW(FAKE_BNAF_FLAT), ROW(FAKE_BNAF_STEPS),     ROW(FAKE_BNAF_LINEAR),
    ROW(FAKE_BNAF_BROKEN),       ROW(FAKE_BNAF_TAIL), ROW(FAKE_FFJORD_PLAIN),   ROW(FAKE_FFJORD_BLOWS_UP),
    ROW(FAKE_CP_FLOW_EXTENT),    ROW(FAKE_CP_FLOW),   ROW(FAKE_BNAF_OVERFLOWS), ROW(FAKE_FFJORD_OVERFLOWS),
    ROW(FAKE_CP_FLOW_OVERFLOWS),
};

static struct gpfc_port port_of(const char *name, int64_t role, int64_t elements)
{
    return (struct gpfc_port){
        .name = name, .role = role, .elements = elements, .rank = 1, .shape = {elements}};
}

static void make_kernel(struct fake_base *fake, enum fake_base_kind kind, int which, int precision)
{
    const struct fake_kernel *kernel = &bases[kind].kernels[which];
    struct gpfc_port *in = fake->in[which], *out = fake->out[which];
    int n = 0;
    for (; n < bases[kind].n_parameters; n++)
        in[n] = port_of(bases[kind].names[n], GPFC_IN_PARAMETER, bases[kind].parameter[n]);
    in[n++] = port_of("x", GPFC_IN_SAMPLE, bases[kind].d);
    if (kernel->t)
        in[n++] = port_of("t", GPFC_IN_SAMPLE, 1);
    for (int o = 0; o < 2; o++)
        out[o] = kernel->elements[o] > 0 ? port_of(kernel->out[o], GPFC_OUT_SAMPLE, kernel->elements[o])
                                         : port_of(kernel->out[o], GPFC_OUT_TOTAL, bases[kind].d);
    fake->kernels[which] = (struct gpfc_kernel){.name = kernel->name,
                                                .n_in = n,
                                                .n_out = 2,
                                                .in = in,
                                                .out = out,
                                                .flop_per_sample = 1e6,
                                                .before = do_nothing_before,
                                                .tile = tiles[kind][which][precision == 8],
                                                .after = do_nothing_after};
    if (kernel->elements[1] == 0)
        fake->kernels[which].after = precision == 4 ? linear_after_single : linear_after_double;
}

void fake_base_make(struct fake_base *fake, enum fake_base_kind kind, int precision)
{
    int64_t offset = 0;
    memset(fake, 0, sizeof *fake);
    for (int i = 0; i < bases[kind].n_parameters; i++) {
        fake->parameters[i] = (struct gpfc_parameter){
            .name = bases[kind].names[i], .offset = offset, .rank = 1, .shape = {bases[kind].parameter[i]}};
        offset += bases[kind].parameter[i];
    }
    for (int i = 0; i < bases[kind].n_kernels; i++)
        make_kernel(fake, kind, i, precision);
    fake->theta = precision == 4 ? (void *)fake->theta_single : (void *)fake->theta_double;
    fake->bundle = (struct gpfc_bundle){.abi_version = GPFC_ABI_VERSION,
                                        .name = bases[kind].name,
                                        .dimension = bases[kind].d,
                                        .precision = precision,
                                        .lanes = LANES,
                                        .theta_elements = offset,
                                        .n_parameters = bases[kind].n_parameters,
                                        .n_kernels = bases[kind].n_kernels,
                                        .parameters = fake->parameters,
                                        .kernels = fake->kernels};
    fake_settings_make(&fake->settings, &fake->bundle);
    fake_settings_put(&fake->settings, "base.kind", bases[kind].name);
}
