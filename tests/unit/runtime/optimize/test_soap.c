/* SPDX-License-Identifier: MIT
 *
 * Adam in a rotated basis: its matrices against their definition, its steps against a slow implementation of
 * the formulas, and the problem it is meant for. */
#include "check.h"
#include "numbers/dense.h"
#include "numbers/random.h"
#include "optimize/adam.h"
#include "optimize/soap.h"
#include "unit/runtime/kernels/fake_bundle.h"

#include <math.h>

/* ---- matrices ------------------------------------------------------------------------------------------ */

enum { MOST = 12 };

static void fill(double *a, int64_t n, uint64_t stream)
{
    random_fill_normal(1, stream, 0, n, 8, a);
}

static void products_of_rows_and_columns_are_correct(void)
{
    double a[MOST * MOST], b[MOST * MOST], c[MOST * MOST], d[MOST * MOST];
    for (int rows = 1; rows <= MOST; rows += 3)
        for (int inner = 1; inner <= MOST; inner += 2)
            for (int columns = 1; columns <= MOST; columns++) {
                fill(a, rows * inner, 1);
                fill(b, inner * columns, 2);
                dense_multiply(rows, inner, columns, a, b, c);
                dense_transpose(rows, columns, c, d);
                for (int i = 0; i < rows * columns; i++) {
                    double sum = 0;
                    for (int k = 0; k < inner; k++)
                        sum += a[i / columns * inner + k] * b[k * columns + i % columns];
                    CU_ASSERT_DOUBLE_EQUAL(c[i], sum, 1e-13);
                    CU_ASSERT_EQUAL(d[i % columns * rows + i / columns], c[i]);
                }
            }
}

static double row_product(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* Row k of q has no part of the rows before, and row k of a none of the rows of q after it. */
static void orthonormal_to(int n, const double *a, const double *q)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            CU_ASSERT_DOUBLE_EQUAL(row_product(n, q + i * n, q + k * n), i == k, 1e-13);
            const double part = row_product(n, a + i * n, q + k * n);
            CU_ASSERT_TRUE(k < i || fabs(part) <= 1e-12 || (k == i && part > 0));
        }
}

static void rows_are_made_orthonormal(void)
{
    double a[MOST * MOST], copy[MOST * MOST], q[MOST * MOST];
    for (int n = 1; n <= MOST; n++)
        for (int kind = 0; kind < 6; kind++) {
            fill(a, n * n, (uint64_t)n);
            for (int i = 0; i < n * n; i++)
                a[i] = kind == 1   ? 0
                       : kind == 2 ? i % (n + 1) == 0 ? 3 : 0 /* three times the identity */
                       : kind == 3 ? a[i] * 1e-200
                       : kind == 4 ? a[i % n] * (1 + i / n) /* one direction */
                       /* whose square has no room beside the others */
                       : kind == 5 ? a[i] * (i == 0 ? 1 : 1e-200)
                                   : a[i];
            memcpy(copy, a, sizeof a);
            dense_orthonormal(n, a, q);
            orthonormal_to(n, copy, q);
        }
}

/* ---- steps against the formulas ------------------------------------------------------------------------ */

enum { ROWS = 3, COLUMNS = 4, STEPS = 47 }; /* of the layer of FAKE_DOUBLE3, its bias the last column */

struct slow { /* all as the formulas say, in the bases left (of columns) and right */
    double theta[ROWS][COLUMNS], mean[ROWS][COLUMNS], square[ROWS][COLUMNS];
    double l[ROWS][ROWS], r[COLUMNS][COLUMNS], left[ROWS][ROWS], right[COLUMNS][COLUMNS];
};

/* Columns of q <- those of s q, each less its part in those before. */
static void slow_iterate(int n, const double *s, double *q)
{
    double p[COLUMNS * COLUMNS];
    for (int i = 0; i < n * n; i++) {
        p[i] = 0;
        for (int k = 0; k < n; k++)
            p[i] += s[i / n * n + k] * q[k * n + i % n];
    }
    for (int j = 0; j < n; j++)
        for (int again = 0; again < 3; again++) {
            double length = 0;
            for (int i = 0; i < j; i++) {
                double part = 0;
                for (int k = 0; k < n; k++)
                    part += q[k * n + i] * p[k * n + j];
                for (int k = 0; k < n; k++)
                    p[k * n + j] -= part * q[k * n + i];
            }
            for (int k = 0; k < n; k++)
                length += p[k * n + j] * p[k * n + j];
            for (int k = 0; k < n; k++)
                p[k * n + j] /= sqrt(length);
            for (int k = 0; again == 2 && k < n; k++)
                q[k * n + j] = p[k * n + j];
        }
}

/* left^T a right, or, back, left a right^T */
static void slow_turn(const struct slow *slow, bool back, double a[ROWS][COLUMNS])
{
    double out[ROWS][COLUMNS] = {{0}};
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            for (int k = 0; k < ROWS; k++)
                for (int l = 0; l < COLUMNS; l++)
                    out[i][j] +=
                        (back ? slow->left[i][k] * slow->right[j][l] : slow->left[k][i] * slow->right[l][j]) *
                        a[k][l];
    memcpy(a, out, sizeof out);
}

static void slow_learn(struct slow *slow, double g[ROWS][COLUMNS], int number)
{
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < ROWS; k++)
            slow->l[i][k] = 0.95 * slow->l[i][k] + 0.05 * row_product(COLUMNS, g[i], g[k]);
    for (int i = 0; i < COLUMNS; i++)
        for (int k = 0; k < COLUMNS; k++) {
            slow->r[i][k] *= 0.95;
            for (int j = 0; j < ROWS; j++)
                slow->r[i][k] += 0.05 * g[j][i] * g[j][k];
        }
    if (number % SOAP_TURN_STEPS != 1)
        return;
    slow_turn(slow, true, slow->mean);
    for (int i = 0; i < (number == 1 ? 10 : 1); i++) {
        slow_iterate(ROWS, slow->l[0], slow->left[0]);
        slow_iterate(COLUMNS, slow->r[0], slow->right[0]);
    }
    slow_turn(slow, false, slow->mean);
}

static void slow_step(struct slow *slow, const struct adam *adam, double g[ROWS][COLUMNS], int number,
                      double rate)
{
    double step[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            g[i][j] += adam->weight_decay * slow->theta[i][j];
    slow_learn(slow, g, number);
    slow_turn(slow, false, g);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            double *const m = &slow->mean[i][j], *const q = &slow->square[i][j];
            *m += (1 - adam->beta1) * (g[i][j] - *m);
            *q += (1 - adam->beta2) * (g[i][j] * g[i][j] - *q);
            step[i][j] = rate * *m / (1 - pow(adam->beta1, number)) /
                         (sqrt(*q / (1 - pow(adam->beta2, number))) + adam->epsilon);
        }
    slow_turn(slow, true, step);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            slow->theta[i][j] -= step[i][j];
}

struct moments { /* of the fake bundle: weights, then biases */
    double theta[ROWS * COLUMNS], mean[ROWS * COLUMNS], square[ROWS * COLUMNS], gradient[ROWS * COLUMNS];
};

static struct adam_arrays arrays_of(struct moments *m)
{
    return (struct adam_arrays){.n = ROWS * COLUMNS,
                                .precision = 8,
                                .theta = m->theta,
                                .gradient = m->gradient,
                                .mean = m->mean,
                                .square = m->square,
                                .threads = 1};
}

static int place(int i, int j)
{
    return j < COLUMNS - 1 ? i * (COLUMNS - 1) + j : ROWS * (COLUMNS - 1) + i;
}

static struct slow slow_start(const struct moments *m)
{
    struct slow slow = {.theta = {{0}}};
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            slow.theta[i][j] = m->theta[place(i, j)];
    for (int i = 0; i < COLUMNS; i++) {
        slow.right[i][i] = 1;
        if (i < ROWS)
            slow.left[i][i] = 1;
    }
    return slow;
}

static void steps_follow_the_formulas(void)
{
    static struct fake fake;
    struct moments m = {.mean = {0}};
    struct fault fault = {0};
    struct soap *soap;
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-3, .weight_decay = 0.02};
    fake_make(&fake, FAKE_DOUBLE3);
    fill(m.theta, ROWS * COLUMNS, 1);
    struct slow slow = slow_start(&m);
    CU_ASSERT_TRUE_FATAL(soap_new(&soap, &fake.bundle, &fault));
    const struct adam_arrays arrays = arrays_of(&m);
    for (int number = 1; number <= STEPS; number++) {
        double g[ROWS][COLUMNS];
        fill(m.gradient, ROWS * COLUMNS, (uint64_t)(10 + number));
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++)
                g[i][j] = m.gradient[place(i, j)];
        CU_ASSERT_TRUE(soap_step(soap, &adam, &arrays, number, 0.1, 1));
        slow_step(&slow, &adam, g, number, 0.1);
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++)
                CU_ASSERT_DOUBLE_EQUAL(m.theta[place(i, j)], slow.theta[i][j], 1e-9);
    }
    soap_free(soap);
}

/* ---- where nothing is turned --------------------------------------------------------------------------- */

enum { LONG = SOAP_LARGEST_SIDE + 1, N_LONG = 3 * LONG };

static const struct gpfc_parameter column[] = {
    {.name = "a", .offset = 0, .rank = 2, .shape = {LONG, 1}},
    {.name = "b", .offset = LONG, .rank = 1, .shape = {LONG - 1, 0}}, /* not a bias: another length */
    {.name = "c", .offset = 2 * LONG - 1, .rank = 1, .shape = {LONG + 1, 0}},
};
static const struct gpfc_parameter layer[] = {
    {.name = "w", .offset = 0, .rank = 2, .shape = {LONG, 2}},
    {.name = "b", .offset = 2 * LONG, .rank = 1, .shape = {LONG, 0}},
};

/* As Adam, where `every` is 1; else the gradient is zero but for every so many elements. */
static void same_as_adam(const struct gpfc_parameter *parameters, int n, int every)
{
    static double theta[2][N_LONG], mean[2][N_LONG], square[2][N_LONG], gradient[N_LONG];
    const struct gpfc_bundle bundle = {
        .n_parameters = n, .parameters = parameters, .precision = 8, .theta_elements = N_LONG};
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .clip = 5};
    struct fault fault = {0};
    struct soap *soap;
    CU_ASSERT_TRUE_FATAL(soap_new(&soap, &bundle, &fault));
    struct adam_arrays arrays[2];
    for (int k = 0; k < 2; k++) {
        fill(theta[k], N_LONG, 1);
        memset(mean[k], 0, sizeof mean[k]);
        memset(square[k], 0, sizeof square[k]);
        arrays[k] = (struct adam_arrays){N_LONG, 8, theta[k], gradient, mean[k], square[k], 1};
    }
    for (int number = 1; number <= 25; number++) {
        fill(gradient, N_LONG, (uint64_t)(1 + number));
        for (int i = 0; i < N_LONG; i++)
            gradient[i] *= i % every == 0 && i < 2 * LONG;
        const double norm = adam_norm(gradient, N_LONG, 8);
        CU_ASSERT_TRUE(soap_step(soap, &adam, &arrays[0], number, 0.1, norm));
        CU_ASSERT_TRUE(adam_step(&adam, &arrays[1], number, 0.1, norm));
    }
    for (int i = 0; i < N_LONG; i++)
        CU_ASSERT_DOUBLE_EQUAL(theta[0][i], theta[1][i], 1e-12);
    soap_free(soap);
}

static void what_is_not_turned_is_adams(void)
{
    same_as_adam(column, 3, 1);
    same_as_adam(layer, 2, 2); /* a single column of weights: no direction but its own */
}

/* Of its state: a mean and a basis for each side that is turned. */
static size_t tensors_of_side(int64_t n)
{
    const struct gpfc_parameter weight = {.name = "w", .rank = 2, .shape = {n, 2}};
    const struct gpfc_bundle bundle = {
        .n_parameters = 1, .parameters = &weight, .precision = 8, .theta_elements = 2 * n};
    struct fault fault = {0};
    struct soap *soap;
    CU_ASSERT_TRUE_FATAL(soap_new(&soap, &bundle, &fault));
    struct tensor_list list = {0};
    soap_list(soap, &list);
    const size_t tensors = list.n_tensors;
    tensor_list_free(&list);
    soap_free(soap);
    return tensors;
}

static void the_longest_allowed_side_is_rotated(void)
{
    CU_ASSERT_EQUAL(tensors_of_side(SOAP_LARGEST_SIDE), 4);
    CU_ASSERT_EQUAL(tensors_of_side(SOAP_LARGEST_SIDE + 1), 2);
}

/* ---- what it is for ------------------------------------------------------------------------------------ */

/* |A W B - C|^2 / 2 for W [3][4] and badly conditioned A, B whose axes are no coordinates: gradient, and the
 * value. */
static double quadratic(const double *theta, double *gradient)
{
    static const double a[ROWS][ROWS] = {{1, 0.9, 0.8}, {0.9, 1, 0.9}, {0.8, 0.9, 1}};
    static const double b[COLUMNS][COLUMNS] = {
        {1, -0.9, 0.8, 0}, {-0.9, 1, -0.9, 0}, {0.8, -0.9, 1, 0.1}, {0, 0, 0.1, 0.3}};
    double error[ROWS][COLUMNS], value = 0;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            error[i][j] = -(i + 1) * (j % 2 == 0 ? 1 : -0.5);
            for (int k = 0; k < ROWS * COLUMNS; k++)
                error[i][j] += a[i][k / COLUMNS] * theta[place(k / COLUMNS, k % COLUMNS)] * b[k % COLUMNS][j];
            value += error[i][j] * error[i][j] / 2;
        }
    for (int k = 0; k < ROWS * COLUMNS; k++) {
        double *g = &gradient[place(k / COLUMNS, k % COLUMNS)];
        *g = 0;
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < COLUMNS; j++)
                *g += a[i][k / COLUMNS] * error[i][j] * b[k % COLUMNS][j];
    }
    return value;
}

static double minimum(bool turned)
{
    static struct fake fake;
    struct moments m = {.mean = {0}};
    struct fault fault = {0};
    struct soap *soap;
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
    fake_make(&fake, FAKE_DOUBLE3);
    CU_ASSERT_TRUE_FATAL(soap_new(&soap, &fake.bundle, &fault));
    const struct adam_arrays arrays = arrays_of(&m);
    for (int number = 1; number <= 400; number++) {
        (void)quadratic(m.theta, m.gradient);
        const double rate = 0.5 * (1 - number / 401.0);
        CU_ASSERT_TRUE(turned ? soap_step(soap, &adam, &arrays, number, rate, 1)
                              : adam_step(&adam, &arrays, number, rate, 1));
    }
    soap_free(soap);
    return quadratic(m.theta, m.gradient);
}

static void slanted_valleys_take_no_longer(void)
{
    const double soap = minimum(true), adam = minimum(false);
    CU_ASSERT_TRUE(soap < 0.05 * adam);
}

/* In whichever layer it is. */
static void every_layer_is_handled(void)
{
    static double theta[N_LONG], mean[N_LONG], square[N_LONG], gradient[N_LONG];
    const struct gpfc_bundle bundle = {
        .n_parameters = 3, .parameters = column, .precision = 8, .theta_elements = N_LONG};
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
    const struct adam_arrays arrays = {N_LONG, 8, theta, gradient, mean, square, 1};
    for (int i = 0; i < N_LONG; i += N_LONG - 1) { /* the first layer, the last */
        struct fault fault = {0};
        struct soap *soap;
        memset(gradient, 0, sizeof gradient);
        memset(square, 0, sizeof square);
        gradient[i] = 1e200;
        CU_ASSERT_TRUE_FATAL(soap_new(&soap, &bundle, &fault));
        CU_ASSERT_FALSE(soap_step(soap, &adam, &arrays, 1, 0.1, 1));
        soap_free(soap);
    }
}

static void non_finite_numbers_are_reported(void)
{
    static struct fake fake;
    struct fault fault = {0};
    struct soap *soap;
    const struct adam adam = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
    float theta[6] = {0}, mean[6] = {0}, square[6] = {0}, gradient[6] = {1, 2, 3, 4, 5, 6};
    const struct adam_arrays arrays = {6, 4, theta, gradient, mean, square, 1};
    fake_make(&fake, FAKE_SINGLE2);
    CU_ASSERT_TRUE_FATAL(soap_new(&soap, &fake.bundle, &fault));
    CU_ASSERT_TRUE(soap_step(soap, &adam, &arrays, 1, 0.1, 1));
    double along = 0;
    for (int i = 0; i < 6; i++)
        along += (double)(theta[i] * gradient[i]);
    CU_ASSERT_TRUE(along < 0);
    gradient[3] = 1e30F;
    CU_ASSERT_FALSE(soap_step(soap, &adam, &arrays, 2, 0.1, 1));
    soap_free(soap);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"products of rows and columns are correct", products_of_rows_and_columns_are_correct},
        {"rows are made orthonormal", rows_are_made_orthonormal},
        {"steps follow the formulas", steps_follow_the_formulas},
        {"sides that are not rotated use plain Adam", what_is_not_turned_is_adams},
        {"slanted valleys take no longer", slanted_valleys_take_no_longer},
        {"the longest allowed side is rotated", the_longest_allowed_side_is_rotated},
        {"every layer is handled", every_layer_is_handled},
        {"non-finite numbers are reported", non_finite_numbers_are_reported},
    };
    return check_main("soap", cases, CHECK_COUNT(cases));
}
