/* SPDX-License-Identifier: MIT
 *
 * The kernels of fake_bundle.c for one precision and dimension, given as FAKE_REAL and FAKE_D before
 * this file is included; FAKE(name) makes a name of them. Written for reading: no loop is clever.
 *
 *   s = y + W y + b     cost = |x - s|^2     energy = |s - y|^2 / 2
 *   penalty = sum over k of c_k^2, c_k = z_k^T W w_k - w_k^T W z_k with (z_k, w_k) = noise[k] */

struct FAKE(uniform) {
    FAKE_REAL W[FAKE_D][FAKE_D];
    FAKE_REAL b[FAKE_D];
    FAKE_REAL lambda, t;
    FAKE_REAL inverse[FAKE_D][FAKE_D]; /* of I + W */
};

struct FAKE(sums) {
    FAKE_REAL cost, penalty;
    FAKE_REAL W[FAKE_D][FAKE_D];
    FAKE_REAL b[FAKE_D];
};

typedef const FAKE_REAL (*FAKE(tile_in))[FAKE_LANES];
typedef FAKE_REAL (*FAKE(tile_out))[FAKE_LANES];

/* Gauss-Jordan elimination without pivots: W is small in every test. */
static void FAKE(invert_matrix)(const struct FAKE(uniform) * u, FAKE_REAL inverse[FAKE_D][FAKE_D])
{
    double a[FAKE_D][2 * FAKE_D];
    for (int i = 0; i < FAKE_D; i++)
        for (int j = 0; j < FAKE_D; j++) {
            a[i][j] = (double)u->W[i][j] + (i == j);
            a[i][FAKE_D + j] = i == j;
        }
    for (int k = 0; k < FAKE_D; k++)
        for (int i = 0; i < FAKE_D; i++) {
            double factor = i == k ? 1 - 1 / a[k][k] : a[i][k] / a[k][k];
            for (int j = 0; j < 2 * FAKE_D; j++)
                a[i][j] -= factor * a[k][j];
        }
    for (int i = 0; i < FAKE_D; i++)
        for (int j = 0; j < FAKE_D; j++)
            inverse[i][j] = (FAKE_REAL)a[i][FAKE_D + j];
}

/* in[0], in[1]: the parameters, first of every kernel. */
static void FAKE(before)(const void *const *in, void *uniform)
{
    struct FAKE(uniform) *u = uniform;
    memset(u, 0, sizeof *u);
    memcpy(u->W, in[0], sizeof u->W);
    memcpy(u->b, in[1], sizeof u->b);
    FAKE(invert_matrix)(u, u->inverse);
}

static void FAKE(before_train)(const void *const *in, void *uniform)
{
    FAKE(before)(in, uniform);
    ((struct FAKE(uniform) *)uniform)->lambda = *(const FAKE_REAL *)in[2];
}

static void FAKE(before_velocity)(const void *const *in, void *uniform)
{
    FAKE(before)(in, uniform);
    ((struct FAKE(uniform) *)uniform)->t = *(const FAKE_REAL *)in[2];
}

/* v = W y + b of one lane. */
static void FAKE(move)(const struct FAKE(uniform) * u, FAKE(tile_in) y, int lane, FAKE_REAL v[FAKE_D])
{
    for (int i = 0; i < FAKE_D; i++) {
        v[i] = u->b[i];
        for (int j = 0; j < FAKE_D; j++)
            v[i] += u->W[i][j] * y[j][lane];
    }
}

static FAKE_REAL FAKE(turn)(const struct FAKE(uniform) * u, FAKE(tile_in) z, FAKE(tile_in) w, int lane)
{
    FAKE_REAL c = 0;
    for (int i = 0; i < FAKE_D; i++)
        for (int j = 0; j < FAKE_D; j++)
            c += u->W[i][j] * (z[i][lane] * w[j][lane] - w[i][lane] * z[j][lane]);
    return c;
}

static void FAKE(add_penalty)(const struct FAKE(uniform) * u, FAKE(tile_in) noise, FAKE_REAL weight, int lane,
                              struct FAKE(sums) * sums)
{
    for (int k = 0; k < FAKE_STEPS; k++) {
        FAKE(tile_in) z = noise + 2 * k * FAKE_D;
        FAKE(tile_in) w = z + FAKE_D;
        FAKE_REAL c = FAKE(turn)(u, z, w, lane);
        sums->penalty += weight * c * c;
        for (int i = 0; i < FAKE_D; i++)
            for (int j = 0; j < FAKE_D; j++)
                sums->W[i][j] +=
                    2 * weight * u->lambda * c * (z[i][lane] * w[j][lane] - w[i][lane] * z[j][lane]);
    }
}

static void FAKE(train_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                             void *sums)
{
    (void)out;
    const struct FAKE(uniform) *u = uniform;
    FAKE(tile_in) x = in[3];
    FAKE(tile_in) y = in[4];
    const FAKE_REAL *weight = in[5];
    struct FAKE(sums) *sum = sums;
    FAKE_REAL *e = scratch; /* [d] s - x; through scratch so that one too small is found */
    fake_pause();
    for (int lane = 0; lane < FAKE_LANES; lane++) {
        FAKE(move)(u, y, lane, e);
        for (int i = 0; i < FAKE_D; i++) {
            e[i] += y[i][lane] - x[i][lane];
            sum->cost += weight[lane] * e[i] * e[i];
            sum->b[i] += 2 * weight[lane] * e[i];
            for (int j = 0; j < FAKE_D; j++)
                sum->W[i][j] += 2 * weight[lane] * e[i] * y[j][lane];
        }
        FAKE(add_penalty)(u, in[6], weight[lane], lane, sum);
    }
}

static void FAKE(train_after)(const void *const *in, void *const *out, const void *uniform, const void *sums)
{
    (void)in;
    (void)uniform;
    const struct FAKE(sums) *sum = sums;
    *(FAKE_REAL *)out[0] = sum->cost;
    *(FAKE_REAL *)out[1] = sum->penalty;
    memcpy(out[2], sum->W, sizeof sum->W);
    memcpy(out[3], sum->b, sizeof sum->b);
}

static void FAKE(apply_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                             void *sums)
{
    (void)scratch;
    (void)sums;
    FAKE(tile_in) y = in[2];
    FAKE(tile_out) s = out[0];
    for (int lane = 0; lane < FAKE_LANES; lane++) {
        FAKE_REAL v[FAKE_D];
        FAKE(move)(uniform, y, lane, v);
        for (int i = 0; i < FAKE_D; i++)
            s[i][lane] = y[i][lane] + v[i];
    }
}

static void FAKE(measure_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                               void *sums)
{
    const struct FAKE(uniform) *u = uniform;
    FAKE(tile_in) x = in[2];
    FAKE(tile_in) y = in[3];
    FAKE(tile_in) noise = in[4];
    FAKE(tile_out) s = out[0];
    FAKE_REAL *cost = out[1], *energy = out[2], *penalty = out[3];
    const void *const apply_in[] = {in[0], in[1], y};
    FAKE(apply_tile)(apply_in, out, uniform, scratch, sums);
    for (int lane = 0; lane < FAKE_LANES; lane++) {
        cost[lane] = energy[lane] = penalty[lane] = 0;
        for (int i = 0; i < FAKE_D; i++) {
            FAKE_REAL e = s[i][lane] - x[i][lane], v = s[i][lane] - y[i][lane];
            cost[lane] += e * e;
            energy[lane] += v * v / 2;
        }
        for (int k = 0; k < FAKE_STEPS; k++) {
            FAKE_REAL c = FAKE(turn)(u, noise + 2 * k * FAKE_D, noise + (2 * k + 1) * FAKE_D, lane);
            penalty[lane] += c * c;
        }
    }
}

static void FAKE(invert_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                              void *sums)
{
    (void)scratch;
    (void)sums;
    const struct FAKE(uniform) *u = uniform;
    FAKE(tile_in) s = in[2];
    FAKE(tile_out) y = out[0];
    for (int lane = 0; lane < FAKE_LANES; lane++)
        for (int i = 0; i < FAKE_D; i++) {
            y[i][lane] = 0;
            for (int j = 0; j < FAKE_D; j++)
                y[i][lane] += u->inverse[i][j] * (s[j][lane] - u->b[j]);
        }
}

static void FAKE(write_matrix)(FAKE(tile_out) to, FAKE_REAL a[FAKE_D][FAKE_D], int identity)
{
    for (int i = 0; i < FAKE_D; i++)
        for (int j = 0; j < FAKE_D; j++)
            for (int lane = 0; lane < FAKE_LANES; lane++)
                to[i * FAKE_D + j][lane] = a[i][j] + (FAKE_REAL)(identity && i == j);
}

static void FAKE(jacobian_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                                void *sums)
{
    struct FAKE(uniform) u = *(const struct FAKE(uniform) *)uniform;
    FAKE(apply_tile)(in, out, uniform, scratch, sums);
    FAKE(write_matrix)(out[1], u.W, 1);
}

static void FAKE(inverse_jacobian_tile)(const void *const *in, void *const *out, const void *uniform,
                                        void *scratch, void *sums)
{
    struct FAKE(uniform) u = *(const struct FAKE(uniform) *)uniform;
    FAKE(invert_tile)(in, out, uniform, scratch, sums);
    FAKE(write_matrix)(out[1], u.inverse, 0);
}

/* A straight path: the velocity at (x, t), x = y + t v(y), is found from y. */
static void FAKE(velocity_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                                void *sums)
{
    (void)scratch;
    (void)sums;
    struct FAKE(uniform) u = *(const struct FAKE(uniform) *)uniform, part = u;
    for (int i = 0; i < FAKE_D; i++)
        for (int j = 0; j < FAKE_D; j++)
            part.W[i][j] *= u.t;
    FAKE(invert_matrix)(&part, part.inverse);
    FAKE(tile_in) x = in[3];
    FAKE(tile_out) v = out[0];
    for (int lane = 0; lane < FAKE_LANES; lane++) {
        FAKE_REAL y[FAKE_D][FAKE_LANES] = {{0}}, moved[FAKE_D];
        for (int i = 0; i < FAKE_D; i++)
            for (int j = 0; j < FAKE_D; j++)
                y[i][lane] += part.inverse[i][j] * (x[j][lane] - u.t * u.b[j]);
        FAKE(move)(&u, (FAKE(tile_in))y, lane, moved);
        for (int i = 0; i < FAKE_D; i++)
            v[i][lane] = moved[i];
    }
}

static void FAKE(trajectory_tile)(const void *const *in, void *const *out, const void *uniform, void *scratch,
                                  void *sums)
{
    (void)scratch;
    (void)sums;
    FAKE(tile_in) y = in[2];
    FAKE(tile_out) path = out[0];
    for (int lane = 0; lane < FAKE_LANES; lane++) {
        FAKE_REAL v[FAKE_D];
        FAKE(move)(uniform, y, lane, v);
        for (int k = 0; k <= FAKE_STEPS; k++)
            for (int i = 0; i < FAKE_D; i++)
                path[k * FAKE_D + i][lane] = y[i][lane] + v[i] * (FAKE_REAL)k / (FAKE_REAL)FAKE_STEPS;
    }
}

#define PARAMETERS                                                                                           \
    PORT_2("flow.layer0.weight", GPFC_IN_PARAMETER, FAKE_D, FAKE_D),                                         \
        PORT_1("flow.layer0.bias", GPFC_IN_PARAMETER, FAKE_D)
#define NOISE PORT_3("noise", GPFC_IN_NOISE, FAKE_STEPS, 2, FAKE_D)

static const struct gpfc_port FAKE(train_in)[] = {
    PARAMETERS,
    PORT_0("lambda", GPFC_IN_SETTING),
    PORT_1("x", GPFC_IN_SAMPLE, FAKE_D),
    PORT_1("y", GPFC_IN_SAMPLE, FAKE_D),
    PORT_0("weight", GPFC_IN_SAMPLE),
    NOISE,
};
static const struct gpfc_port FAKE(train_out)[] = {
    PORT_0("cost", GPFC_OUT_TOTAL),
    PORT_0("penalty", GPFC_OUT_TOTAL),
    PORT_2("grad.flow.layer0.weight", GPFC_OUT_TOTAL, FAKE_D, FAKE_D),
    PORT_1("grad.flow.layer0.bias", GPFC_OUT_TOTAL, FAKE_D),
};
static const struct gpfc_port FAKE(measure_in)[] = {
    PARAMETERS,
    PORT_1("x", GPFC_IN_SAMPLE, FAKE_D),
    PORT_1("y", GPFC_IN_SAMPLE, FAKE_D),
    NOISE,
};
static const struct gpfc_port FAKE(measure_out)[] = {
    PORT_1("s", GPFC_OUT_SAMPLE, FAKE_D),
    PORT_0("cost", GPFC_OUT_SAMPLE),
    PORT_0("energy", GPFC_OUT_SAMPLE),
    PORT_0("penalty", GPFC_OUT_SAMPLE),
};
static const struct gpfc_port FAKE(y_in)[] = {PARAMETERS, PORT_1("y", GPFC_IN_SAMPLE, FAKE_D)};
static const struct gpfc_port FAKE(s_in)[] = {PARAMETERS, PORT_1("s", GPFC_IN_SAMPLE, FAKE_D)};
static const struct gpfc_port FAKE(s_out)[] = {PORT_1("s", GPFC_OUT_SAMPLE, FAKE_D),
                                               PORT_2("jacobian", GPFC_OUT_SAMPLE, FAKE_D, FAKE_D)};
static const struct gpfc_port FAKE(y_out)[] = {PORT_1("y", GPFC_OUT_SAMPLE, FAKE_D),
                                               PORT_2("jacobian", GPFC_OUT_SAMPLE, FAKE_D, FAKE_D)};
static const struct gpfc_port FAKE(velocity_in)[] = {PARAMETERS, PORT_0("t", GPFC_IN_SETTING),
                                                     PORT_1("x", GPFC_IN_SAMPLE, FAKE_D)};
static const struct gpfc_port FAKE(velocity_out)[] = {PORT_1("v", GPFC_OUT_SAMPLE, FAKE_D)};
static const struct gpfc_port FAKE(path_out)[] = {PORT_2("path", GPFC_OUT_SAMPLE, FAKE_STEPS + 1, FAKE_D)};

#define KERNEL(text, inputs, n_inputs, outputs, n_outputs, prepare, each, finish)                            \
    KERNEL_OF(text, inputs, n_inputs, outputs, n_outputs, struct FAKE(uniform), FAKE_D, struct FAKE(sums),   \
              prepare, each, finish)

static const struct gpfc_kernel FAKE(kernels)[] = {
    KERNEL("train", train_in, 7, train_out, 4, before_train, train_tile, FAKE(train_after)),
    KERNEL("measure", measure_in, 5, measure_out, 4, before, measure_tile, fake_nothing_after),
    KERNEL("apply", y_in, 3, s_out, 1, before, apply_tile, fake_nothing_after),
    KERNEL("invert", s_in, 3, y_out, 1, before, invert_tile, fake_nothing_after),
    KERNEL("jacobian", y_in, 3, s_out, 2, before, jacobian_tile, fake_nothing_after),
    KERNEL("inverse_jacobian", s_in, 3, y_out, 2, before, inverse_jacobian_tile, fake_nothing_after),
    KERNEL("velocity", velocity_in, 4, velocity_out, 1, before_velocity, velocity_tile, fake_nothing_after),
    KERNEL("trajectory", y_in, 3, path_out, 1, before, trajectory_tile, fake_nothing_after),
};

static const struct gpfc_parameter FAKE(parameters)[] = {
    {.name = "flow.layer0.weight",
     .offset = 0,
     .rank = 2,
     .shape = {FAKE_D, FAKE_D},
     .fan_in = FAKE_D,
     .init = GPFC_INIT_LAST},
    {.name = "flow.layer0.bias",
     .offset = FAKE_D * FAKE_D,
     .rank = 1,
     .shape = {FAKE_D, 0},
     .fan_in = FAKE_D,
     .init = GPFC_INIT_LAST},
};

static const struct gpfc_bundle FAKE(bundle) = {
    BUNDLE_OF(parameters, kernels),
    .description = "fake, W y + b",
    .schedule = "lanes=8",
    .spec_hash = 1000 * FAKE_D + sizeof(FAKE_REAL),
    .steps = FAKE_STEPS,
    .order = 4,
    .training_steps = 3000,
    .theta_elements = FAKE_D * FAKE_D + FAKE_D,
};

#undef PARAMETERS
#undef NOISE
#undef KERNEL
#undef FAKE
#undef FAKE_REAL
#undef FAKE_D
