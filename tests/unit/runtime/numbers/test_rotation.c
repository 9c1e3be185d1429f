/* SPDX-License-Identifier: MIT
 *
 * The nearest rotation: known ones come back, no other is nearer, and matrices without a unique one, or whose
 * nearest orthogonal matrix is a reflection, have one too. */
#include "numbers/rotation.h"

#include "check.h"
#include "draw.h"

#include <math.h>

enum { MOST = 12 };

struct nearest {
    double m[MOST * MOST], rotation[MOST * MOST], room[ROTATION_ROOM * MOST * MOST];
};

static double agreement(int64_t d, const double *m, const double *rotation)
{
    double sum = 0;
    for (int64_t i = 0; i < d * d; i++)
        sum += m[i] * rotation[i];
    return sum;
}

static double off_orthogonal(int64_t d, const double *r)
{
    double worst = 0;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            double sum = i == j ? -1 : 0;
            for (int64_t k = 0; k < d; k++)
                sum += r[i * d + k] * r[j * d + k];
            worst = fmax(worst, fabs(sum));
        }
    return worst;
}

static double determinant(int64_t d, const double *given)
{
    double a[MOST * MOST], product = 1;
    for (int64_t i = 0; i < d * d; i++)
        a[i] = given[i];
    for (int64_t k = 0; k < d; k++) {
        for (int64_t i = k + 1; i < d; i++) { /* by rotations of rows, which leave the determinant as it is */
            const double length = hypot(a[k * d + k], a[i * d + k]);
            const double c = length > 0 ? a[k * d + k] / length : 1,
                         s = length > 0 ? a[i * d + k] / length : 0;
            for (int64_t j = 0; j < d; j++) {
                const double upper = a[k * d + j], lower = a[i * d + j];
                a[k * d + j] = c * upper + s * lower;
                a[i * d + j] = c * lower - s * upper;
            }
        }
        product *= a[k * d + k];
    }
    return product;
}

static void turn_plane(int64_t d, double *r, int64_t p, int64_t q, double angle)
{
    for (int64_t j = 0; j < d; j++) {
        const double a = r[p * d + j], b = r[q * d + j];
        r[p * d + j] = cos(angle) * a - sin(angle) * b;
        r[q * d + j] = sin(angle) * a + cos(angle) * b;
    }
}

static void draw_rotation(uint64_t *seed, int64_t d, double *r)
{
    for (int64_t i = 0; i < d * d; i++)
        r[i] = i % (d + 1) == 0;
    for (int64_t p = 0; p < d; p++)
        for (int64_t q = p + 1; q < d; q++)
            turn_plane(d, r, p, q, 3 * draw_normal(seed));
}

static void find(struct nearest *n, int64_t d)
{
    rotation_nearest(d, n->m, n->rotation, n->room);
    CU_ASSERT_TRUE(off_orthogonal(d, n->rotation) < 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(determinant(d, n->rotation), 1, 1e-12);
}

/* m = R S with S symmetric and positive. */
static void known_rotations_come_back(void)
{
    uint64_t seed = 3;
    for (int64_t d = 2; d <= MOST; d++) {
        struct nearest n;
        double r[MOST * MOST], a[MOST * MOST], s[MOST * MOST] = {0};
        draw_rotation(&seed, d, r);
        for (int64_t i = 0; i < d * d; i++)
            a[i] = draw_normal(&seed);
        for (int64_t i = 0; i < d * d; i++)
            for (int64_t k = 0; k < d; k++)
                s[i] += a[i / d * d + k] * a[i % d * d + k] + (i % (d + 1) == 0 ? 0.1 : 0);
        for (int64_t i = 0; i < d * d; i++) {
            n.m[i] = 0;
            for (int64_t k = 0; k < d; k++)
                n.m[i] += r[i / d * d + k] * s[k * d + i % d];
        }
        find(&n, d);
        for (int64_t i = 0; i < d * d; i++)
            CU_ASSERT_DOUBLE_EQUAL(n.rotation[i], r[i], 1e-11);
    }
}

/* Turned by any small angle in any plane, it agrees less with m. Half of these m have a reflection that
 * agrees more. */
static void none_is_nearer(void)
{
    uint64_t seed = 4;
    for (int64_t d = 2; d <= MOST; d++) {
        struct nearest n;
        for (int64_t i = 0; i < d * d; i++)
            n.m[i] = draw_normal(&seed);
        find(&n, d);
        const double best = agreement(d, n.m, n.rotation);
        for (int64_t p = 0; p < d; p++)
            for (int64_t q = 0; q < d; q++) {
                double other[MOST * MOST];
                for (int64_t i = 0; i < d * d; i++)
                    other[i] = n.rotation[i];
                if (p != q)
                    turn_plane(d, other, p, q, 1e-3);
                CU_ASSERT_TRUE(agreement(d, n.m, other) <= best + 1e-12);
            }
    }
}

static void special_matrices_have_one(void)
{
    struct nearest n = {.m = {0}};
    find(&n, 5);
    n.m[7] = 1e-300;
    find(&n, 5);
    struct nearest mirror = {.m = {3, 0, 0, 0, 2, 0, 0, 0, -1}};
    find(&mirror, 3);
    const double expected[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    for (int i = 0; i < 9; i++)
        CU_ASSERT_DOUBLE_EQUAL(mirror.rotation[i], expected[i], 1e-15);
}

static void rows_turn_there_and_back(void)
{
    const double quarter[] = {0, -1, 1, 0}, rows[] = {1, 2, -3, 4};
    double turned[4], back[4];
    rotation_turn(2, quarter, false, rows, turned, 2, sizeof *rows);
    rotation_turn(2, quarter, true, turned, back, 2, sizeof *rows);
    const double expected[] = {-2, 1, -4, -3};
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(turned[i], expected[i]);
        CU_ASSERT_EQUAL(back[i], rows[i]);
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        {"known rotations come back", known_rotations_come_back},
        {"none is nearer", none_is_nearer},
        {"special matrices have one", special_matrices_have_one},
        {"rows turn there and back", rows_turn_there_and_back},
    };
    return check_main("rotation", cases, CHECK_COUNT(cases));
}
