/* SPDX-License-Identifier: MIT
 *
 * The kernels of a base flow of fake_bundle.c for one precision and dimension, given as FAKE_REAL and FAKE_D
 * before this file is included; FAKE(name) makes a name of them. One block of the kind bnaf, with l and b
 * trained:
 *
 *   y_i = exp(l_i) x_i + b_i     cost = sum of y_i^2 / 2 + log(2 pi) / 2 - l_i */

struct FAKE(base_sums) {
    FAKE_REAL cost, l[FAKE_D], b[FAKE_D];
};

typedef const FAKE_REAL (*FAKE(rows_in))[FAKE_LANES];
typedef FAKE_REAL (*FAKE(rows_out))[FAKE_LANES];

/* l and b, the first inputs of every kernel, are taken along. */
static void FAKE(base_before)(const void *const *in, void *uniform)
{
    FAKE_REAL *all = uniform;
    memcpy(all, in[0], FAKE_D * sizeof *all);
    memcpy(all + FAKE_D, in[1], FAKE_D * sizeof *all);
}

static FAKE_REAL FAKE(stretched)(const FAKE_REAL *uniform, int i, FAKE_REAL x)
{
    return (FAKE_REAL)exp((double)uniform[i]) * x;
}

static FAKE_REAL FAKE(base_cost)(const FAKE_REAL *uniform, FAKE(rows_in) x, int lane)
{
    FAKE_REAL cost = 0;
    for (int i = 0; i < FAKE_D; i++) {
        const FAKE_REAL y = FAKE(stretched)(uniform, i, x[i][lane]) + uniform[FAKE_D + i];
        cost += y * y / 2 + (FAKE_REAL)0.91893853320467274 - uniform[i];
    }
    return cost;
}

static void FAKE(base_train_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                                  void *sums)
{
    (void)out;
    (void)scratch;
    FAKE(rows_in) x = in[3];
    const FAKE_REAL *weight = in[4];
    struct FAKE(base_sums) *sum = sums;
    fake_pause();
    for (int lane = 0; lane < FAKE_LANES; lane++) {
        sum->cost += weight[lane] * FAKE(base_cost)(uniform, x, lane);
        for (int i = 0; i < FAKE_D; i++) {
            const FAKE_REAL part = FAKE(stretched)(uniform, i, x[i][lane]);
            const FAKE_REAL y = part + ((const FAKE_REAL *)uniform)[FAKE_D + i];
            sum->l[i] += weight[lane] * (y * part - 1);
            sum->b[i] += weight[lane] * y;
        }
    }
}

static void FAKE(base_train_after)(const void *const *in, void *const *out, const void *uniform,
                                   const void *sums)
{
    (void)in;
    (void)uniform;
    const struct FAKE(base_sums) *sum = sums;
    *(FAKE_REAL *)out[0] = sum->cost;
    *(FAKE_REAL *)out[1] = 0;
    memcpy(out[2], sum->l, sizeof sum->l);
    memcpy(out[3], sum->b, sizeof sum->b);
}

static void FAKE(base_measure_tile)(const void *const *in, void *const *out, const void *uniform,
                                    void *scratch, void *sums)
{
    (void)scratch;
    (void)sums;
    for (int lane = 0; lane < FAKE_LANES; lane++)
        ((FAKE_REAL *)out[0])[lane] = FAKE(base_cost)(uniform, in[2], lane);
}

/* y, and either log(dy_i/dx_i) or their sum. */
static void FAKE(base_map)(const void *const *in, void *const *out, const FAKE_REAL *uniform, int sum)
{
    FAKE(rows_in) x = in[2];
    FAKE(rows_out) y = out[0], l = out[1];
    for (int lane = 0; lane < FAKE_LANES; lane++) {
        l[0][lane] = 0;
        for (int i = 0; i < FAKE_D; i++) {
            y[i][lane] = FAKE(stretched)(uniform, i, x[i][lane]) + uniform[FAKE_D + i];
            l[sum ? 0 : i][lane] = uniform[i] + (sum && i > 0 ? l[0][lane] : 0);
        }
    }
}

static void FAKE(base_apply_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                                  void *sums)
{
    (void)scratch;
    (void)sums;
    FAKE(base_map)(in, out, uniform, 1);
}

static void FAKE(base_block_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                                  void *sums)
{
    (void)scratch;
    (void)sums;
    FAKE(base_map)(in, out, uniform, 0);
}

#define PARAMETERS                                                                                           \
    PORT_1("base.block0.log_scale", GPFC_IN_PARAMETER, FAKE_D),                                              \
        PORT_1("base.block0.bias", GPFC_IN_PARAMETER, FAKE_D)

static const struct gpfc_port FAKE(base_train_in)[] = {PARAMETERS, PORT_0("lambda", GPFC_IN_SETTING),
                                                       PORT_1("x", GPFC_IN_SAMPLE, FAKE_D),
                                                       PORT_0("weight", GPFC_IN_SAMPLE)};
static const struct gpfc_port FAKE(base_train_out)[] = {
    PORT_0("cost", GPFC_OUT_TOTAL), PORT_0("penalty", GPFC_OUT_TOTAL),
    PORT_1("grad.base.block0.log_scale", GPFC_OUT_TOTAL, FAKE_D),
    PORT_1("grad.base.block0.bias", GPFC_OUT_TOTAL, FAKE_D)};
static const struct gpfc_port FAKE(base_x_in)[] = {PARAMETERS, PORT_1("x", GPFC_IN_SAMPLE, FAKE_D)};
static const struct gpfc_port FAKE(base_cost_out)[] = {PORT_0("cost", GPFC_OUT_SAMPLE)};
static const struct gpfc_port FAKE(base_y_out)[] = {PORT_1("y", GPFC_OUT_SAMPLE, FAKE_D),
                                                    PORT_0("logdet", GPFC_OUT_SAMPLE)};
static const struct gpfc_port FAKE(base_block_out)[] = {PORT_1("y", GPFC_OUT_SAMPLE, FAKE_D),
                                                        PORT_1("log_diagonal", GPFC_OUT_SAMPLE, FAKE_D)};

#define KERNEL(text, inputs, n_inputs, outputs, n_outputs, each, finish)                                     \
    KERNEL_OF(text, inputs, n_inputs, outputs, n_outputs, FAKE_REAL[2 * FAKE_D], 0, struct FAKE(base_sums),  \
              base_before, each, finish)

static const struct gpfc_kernel FAKE(base_kernels)[] = {
    KERNEL("train", base_train_in, 5, base_train_out, 4, base_train_tile, FAKE(base_train_after)),
    KERNEL("measure", base_x_in, 3, base_cost_out, 1, base_measure_tile, fake_nothing_after),
    KERNEL("apply", base_x_in, 3, base_y_out, 2, base_apply_tile, fake_nothing_after),
    KERNEL("block0", base_x_in, 3, base_block_out, 2, base_block_tile, fake_nothing_after),
};

static const struct gpfc_parameter FAKE(base_parameters)[] = {
    {.name = "base.block0.log_scale",
     .offset = 0,
     .rank = 1,
     .shape = {FAKE_D, 0},
     .fan_in = FAKE_D,
     .init = GPFC_INIT_CONSTANT,
     .spread = 0.25},
    {.name = "base.block0.bias",
     .offset = FAKE_D,
     .rank = 1,
     .shape = {FAKE_D, 0},
     .fan_in = FAKE_D,
     .init = GPFC_INIT_UNIFORM,
     .spread = 0.5},
};

static const struct gpfc_bundle FAKE(base_bundle) = {
    BUNDLE_OF(base_parameters, base_kernels),
    .description = "fake base, exp(l) x + b",
    .schedule = "",
    .spec_hash = 2000 * FAKE_D + sizeof(FAKE_REAL),
    .training_steps = 6000,
    .theta_elements = 2 * FAKE_D,
};

#undef PARAMETERS
#undef KERNEL
