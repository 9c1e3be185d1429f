/* SPDX-License-Identifier: MIT
 *
 * Two-dimensional samples by the usual formulas. U is uniform on (0, 1), N standard normal, all independent;
 * every sample has a block of DRAWS numbers of its own. */
#include "data/toys.h"

#include "numbers/random.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

enum { DRAWS = 8 }; /* uniforms and, in a stream of their own, normals of a sample, at most */

struct draw {
    uint64_t seed, sample;
};

static double uniform(const struct draw *from, int number)
{
    return random_uniform(from->seed, random_stream(RANDOM_DATA, 0), from->sample * DRAWS + (uint64_t)number);
}

static double normal(const struct draw *from, int number)
{
    return random_normal(from->seed, random_stream(RANDOM_DATA, 1), from->sample * DRAWS + (uint64_t)number);
}

/* One of 0 .. n-1. */
static int one_of(const struct draw *from, int number, int n)
{
    return (int)(uniform(from, number) * n);
}

/* Eight normals of deviation 1/2 on a circle of radius 4, all over 1.414. */
static void eight_gaussians(const struct draw *from, double out[2])
{
    const double a = one_of(from, 0, 8) * PI / 4;
    out[0] = (4 * cos(a) + 0.5 * normal(from, 0)) / 1.414;
    out[1] = (4 * sin(a) + 0.5 * normal(from, 1)) / 1.414;
}

/* Two half circles of radius 1, one into the other, 2 (m + 0.1 N) + (-1, -0.2). */
static void moons(const struct draw *from, double out[2])
{
    const double a = PI * uniform(from, 1);
    const int lower = one_of(from, 0, 2);
    const double m0 = lower ? 1 - cos(a) : cos(a), m1 = lower ? 0.5 - sin(a) : sin(a);
    out[0] = 2 * (m0 + 0.1 * normal(from, 0)) - 1;
    out[1] = 2 * (m1 + 0.1 * normal(from, 1)) - 0.2;
}

/* Five arms k: (p, q) = (1 + 0.3 N, 0.1 N) turned by 2 pi k/5 + exp(p)/4, times 2. */
static void pinwheel(const struct draw *from, double out[2])
{
    const double p = 1 + 0.3 * normal(from, 0), q = 0.1 * normal(from, 1);
    const double a = 2 * PI * one_of(from, 0, 5) / 5 + 0.25 * exp(p);
    out[0] = 2 * (p * cos(a) + q * sin(a));
    out[1] = 2 * (q * cos(a) - p * sin(a));
}

/* Squares of side 2 on (-4, 4)^2. */
static void checkerboard(const struct draw *from, double out[2])
{
    const double c = 4 * uniform(from, 0) - 2;
    const double odd = fmod(floor(c) + 2, 2);
    out[0] = 2 * c;
    out[1] = 2 * (uniform(from, 1) - 2 * one_of(from, 2, 2) + odd);
}

/* A spiral a (cos a, sin a), a = 1.5 pi (1 + 2 U), with noise, over 5. */
static void swissroll(const struct draw *from, double out[2])
{
    const double a = 1.5 * PI * (1 + 2 * uniform(from, 0));
    out[0] = (a * cos(a) + normal(from, 0)) / 5;
    out[1] = (a * sin(a) + normal(from, 1)) / 5;
}

static void noisy_circle(const struct draw *from, double radius, double noise, double out[2])
{
    const double a = 2 * PI * uniform(from, 1);
    out[0] = radius * cos(a) + noise * normal(from, 0);
    out[1] = radius * sin(a) + noise * normal(from, 1);
}

static void circles(const struct draw *from, double out[2])
{
    noisy_circle(from, one_of(from, 0, 2) ? 1.5 : 3, 0.24, out);
}

static void rings(const struct draw *from, double out[2])
{
    noisy_circle(from, 0.75 * (1 + one_of(from, 0, 4)), 0.08, out);
}

/* Two spirals, one the mirror image of the other through the origin, a = 3 pi sqrt(U). */
static void two_spirals(const struct draw *from, double out[2])
{
    const double a = 3 * PI * sqrt(uniform(from, 0)), side = one_of(from, 1, 2) ? -1 : 1;
    out[0] = side * (-a * cos(a) + 0.5 * uniform(from, 2)) / 3 + 0.1 * normal(from, 0);
    out[1] = side * (a * sin(a) + 0.5 * uniform(from, 3)) / 3 + 0.1 * normal(from, 1);
}

static const struct {
    const char *name;
    void (*draw)(const struct draw *from, double out[2]);
} toys[] = {
    {"eight_gaussians", eight_gaussians},
    {"moons", moons},
    {"pinwheel", pinwheel},
    {"checkerboard", checkerboard},
    {"swissroll", swissroll},
    {"circles", circles},
    {"rings", rings},
    {"2spirals", two_spirals},
};
enum { TOYS = sizeof toys / sizeof toys[0] };

int toy_find(const char *name)
{
    for (int i = 0; i < TOYS; i++)
        if (strcmp(toys[i].name, name) == 0)
            return i;
    return -1;
}

void toy_samples(int number, uint64_t seed, int64_t first, int64_t count, double *out)
{
    assert(number >= 0 && number < TOYS);
    for (int64_t i = 0; i < count; i++)
        toys[number].draw(&(struct draw){.seed = seed, .sample = (uint64_t)(first + i)}, out + 2 * i);
}
