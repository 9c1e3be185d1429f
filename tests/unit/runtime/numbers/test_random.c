/* SPDX-License-Identifier: MIT
 *
 * Random numbers: the generator's published values, the normals' shape, and that no cut of a range changes a
 * number. */
#include "check.h"
#include "numbers/random.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586476925;

/* Known answers of Random123's own tests for philox4x32, 10 rounds. */
static void blocks_are_the_published_ones(void)
{
    static const struct {
        uint64_t seed, stream, block;
        uint32_t words[4];
    } known[] = {
        {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {~0ull, ~0ull, ~0ull, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822ull,
         0x0370734413198a2eull,
         0x85a308d3243f6a88ull,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        uint32_t words[4];
        random_block(known[i].seed, known[i].stream, known[i].block, words);
        CU_ASSERT_EQUAL(memcmp(words, known[i].words, sizeof words), 0);
    }
}

/* Single-precision normals are those of Box and Muller on the block's words, computed here in double. */
static void single_precision_numbers_come_from_the_block(void)
{
    float normals[4000];
    random_fill_normal(11, 12, 0, 4000, 4, normals);
    for (uint64_t block = 0; block < 1000; block++) {
        uint32_t w[4];
        random_block(11, 12, block, w);
        for (int j = 0; j < 4; j += 2) {
            const double radius = sqrt(-2 * log((w[j] + 0.5) * 0x1p-32)), angle = TWO_PI * w[j + 1] * 0x1p-32;
            CU_ASSERT_DOUBLE_EQUAL(normals[4 * block + (unsigned)j], radius * cos(angle), 2e-6);
            CU_ASSERT_DOUBLE_EQUAL(normals[4 * block + (unsigned)j + 1], radius * sin(angle), 2e-6);
        }
    }
}

static void doubles_match_those_drawn_one_at_a_time(void)
{
    double normals[31];
    for (uint64_t first = 0; first < 5; first++) {
        random_fill_normal(3, 4, first, 31, 8, normals);
        for (uint64_t i = 0; i < 31; i++)
            CU_ASSERT_EQUAL(normals[i], random_normal(3, 4, first + i));
    }
}

static void dividing_a_range_changes_nothing(void)
{
    float whole[500], part[500];
    random_fill_normal(5, 6, 0, 500, 4, whole);
    for (uint64_t first = 0; first < 140; first += 7)
        for (int64_t count = 1; first + (uint64_t)count <= 500; count += 59) {
            random_fill_normal(5, 6, first, count, 4, part);
            CU_ASSERT_EQUAL(memcmp(part, whole + first, (size_t)count * sizeof *part), 0);
        }
}

/* Number e of a sample is number sample * P + e of the fill, whatever the tile. */
static void check_tile(int precision, int64_t elements, int64_t lanes)
{
    enum { MOST = 4096 };
    static char tile[MOST * 8], fill[MOST * 8];
    const size_t size = (size_t)precision;
    const uint64_t first = 1000, padded = ((uint64_t)elements + 3) / 4 * 4;
    random_fill_tile(7, 8, first, elements, lanes, precision, tile);
    random_fill_normal(7, 8, first * padded, (int64_t)padded * lanes, precision, fill);
    for (int64_t e = 0; e < elements; e++)
        for (int64_t l = 0; l < lanes; l++)
            CU_ASSERT_EQUAL(memcmp(tile + (size_t)(e * lanes + l) * size,
                                   fill + ((size_t)l * padded + (size_t)e) * size, size),
                            0);
}

static void tiles_do_not_change_numbers(void)
{
    for (int precision = 4; precision <= 8; precision += 4)
        for (int64_t elements = 1; elements < 12; elements += 3)
            for (int64_t lanes = 1; lanes <= 64; lanes *= 2)
                check_tile(precision, elements, lanes);
    check_tile(4, 60, 17);
}

/* Moments of n standard normals within 5 standard errors, and none beyond what the words can make. */
static void normals_have_their_moments(void)
{
    enum { N = 1 << 20 };
    float *const single = malloc(N * sizeof *single);
    double *const twice = malloc(N * sizeof *twice);
    CU_ASSERT_TRUE_FATAL(single != NULL && twice != NULL);
    for (uint64_t seed = 1; seed < 4; seed++) {
        random_fill_normal(seed, 1, 0, N, 4, single);
        random_fill_normal(seed, 1, 0, N, 8, twice);
        for (int precision = 0; precision < 2; precision++) {
            double m[5] = {0};
            for (int i = 0; i < N; i++) {
                const double z = precision ? twice[i] : (double)single[i];
                for (int k = 1; k < 5; k++)
                    m[k] += pow(z, k) / N;
                CU_ASSERT_TRUE(fabs(z) < 8);
            }
            CU_ASSERT_DOUBLE_EQUAL(m[1], 0, 5 * sqrt(1.0 / N));
            CU_ASSERT_DOUBLE_EQUAL(m[2], 1, 5 * sqrt(2.0 / N));
            CU_ASSERT_DOUBLE_EQUAL(m[3], 0, 5 * sqrt(15.0 / N));
            CU_ASSERT_DOUBLE_EQUAL(m[4], 3, 5 * sqrt(96.0 / N));
        }
    }
    free(single);
    free(twice);
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: the largest gap between the two distribution functions, times sqrt n, is above 1.95
 * once in a thousand draws. */
static void normals_are_normal(void)
{
    enum { N = 200000 };
    float *const z = malloc(N * sizeof *z);
    CU_ASSERT_PTR_NOT_NULL_FATAL(z);
    random_fill_normal(77, 1, 0, N, 4, z);
    qsort(z, N, sizeof *z, by_value);
    double gap = 0;
    for (int i = 0; i < N; i++)
        gap = fmax(gap, fabs(0.5 * erfc(-(double)z[i] * sqrt(0.5)) - (i + 0.5) / N));
    CU_ASSERT_TRUE(gap * sqrt(N) < 1.95);
    free(z);
}

static void uniforms_are_inside(void)
{
    enum { N = 100000 };
    int bins[10] = {0};
    for (uint64_t i = 0; i < N; i++) {
        const double u = random_uniform(9, 9, i);
        CU_ASSERT_TRUE(u > 0 && u < 1);
        bins[(int)(10 * u)]++;
    }
    double chi2 = 0;
    for (int k = 0; k < 10; k++)
        chi2 += (bins[k] - N / 10) * (bins[k] - N / 10) / (N / 10.0);
    CU_ASSERT_TRUE(chi2 < 27.9); /* 9 degrees of freedom: once in a thousand */
}

/* Other seeds, streams and purposes give other numbers, not correlated ones. */
static void streams_are_independent(void)
{
    enum { N = 100000 };
    static float a[N], b[N];
    const uint64_t others[][2] = {{2, 1}, {1, 2}, {1, random_stream(RANDOM_NOISE, 1)}, {1ull << 40, 1}};
    random_fill_normal(1, 1, 0, N, 4, a);
    for (size_t k = 0; k < CHECK_COUNT(others); k++) {
        double product = 0;
        random_fill_normal(others[k][0], others[k][1], 0, N, 4, b);
        for (int i = 0; i < N; i++)
            product += (double)a[i] * (double)b[i] / N;
        CU_ASSERT_DOUBLE_EQUAL(product, 0, 5 / sqrt(N));
    }
    CU_ASSERT_NOT_EQUAL(random_stream(RANDOM_DATA, 0), random_stream(RANDOM_SPLIT, 0));
}

static void permutations_contain_every_number(void)
{
    enum { N = 10007 };
    static uint32_t order[N], again[N];
    static unsigned char seen[N];
    random_permutation(1, 2, N, order);
    random_permutation(1, 2, N, again);
    CU_ASSERT_EQUAL(memcmp(order, again, sizeof order), 0);
    for (int i = 0; i < N; i++)
        seen[order[i]]++;
    for (int i = 0; i < N; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    random_permutation(1, 3, N, again);
    CU_ASSERT_NOT_EQUAL(memcmp(order, again, sizeof order), 0);
    random_permutation(1, 3, 0, again);
    random_permutation(1, 3, 1, again);
    CU_ASSERT_EQUAL(again[0], 0);
}

/* All 24 orders of four, equally often. */
static void permutations_are_uniform(void)
{
    enum { DRAWS = 24000 };
    int counts[256] = {0};
    for (uint64_t k = 0; k < DRAWS; k++) {
        uint32_t order[4];
        random_permutation(5, k, 4, order);
        counts[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
    }
    double chi2 = 0;
    int orders = 0;
    for (int i = 0; i < 256; i++)
        if (counts[i] > 0) {
            orders++;
            chi2 += (counts[i] - DRAWS / 24) * (counts[i] - DRAWS / 24) / (DRAWS / 24.0);
        }
    CU_ASSERT_EQUAL(orders, 24);
    CU_ASSERT_TRUE(chi2 < 49.7); /* 23 degrees of freedom: once in a thousand */
}

/* Place i, from the last one down, changes with the one that block i of the stream says. */
static void permutations_follow_their_blocks(void)
{
    enum { N = 50 };
    for (int64_t n = 0; n <= N; n++) {
        uint32_t order[N], wanted[N], w[4];
        for (int64_t i = 0; i < n; i++)
            wanted[i] = (uint32_t)i;
        for (int64_t i = n - 1; i > 0; i--) {
            random_block(77, 8, (uint64_t)i, w);
            const uint64_t bits = (uint64_t)w[0] << 32 | w[1];
            const uint64_t j = (uint64_t)(((unsigned __int128)bits * (uint64_t)(i + 1)) >> 64);
            const uint32_t kept = wanted[i];
            wanted[i] = wanted[j];
            wanted[j] = kept;
        }
        random_permutation(77, 8, n, order);
        CU_ASSERT_EQUAL(memcmp(order, wanted, (size_t)n * sizeof *order), 0);
    }
}

static const struct check_case cases[] = {
    {"blocks are the published ones", blocks_are_the_published_ones},
    {"single precision numbers come from the block", single_precision_numbers_come_from_the_block},
    {"doubles match those drawn one at a time", doubles_match_those_drawn_one_at_a_time},
    {"dividing a range changes nothing", dividing_a_range_changes_nothing},
    {"tiles do not change numbers", tiles_do_not_change_numbers},
    {"normals have their moments", normals_have_their_moments},
    {"normals are normal", normals_are_normal},
    {"uniforms are inside", uniforms_are_inside},
    {"streams are independent", streams_are_independent},
    {"permutations contain every number", permutations_contain_every_number},
    {"permutations are uniform", permutations_are_uniform},
    {"permutations follow their blocks", permutations_follow_their_blocks},
};

int main(void)
{
    return check_main("random", cases, CHECK_COUNT(cases));
}
