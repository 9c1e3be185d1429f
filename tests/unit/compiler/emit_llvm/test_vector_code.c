/* SPDX-License-Identifier: MIT
 *
 * Properties of vector functions beyond error bounds: special values, symmetry, independence of the lanes;
 * and that their code for any processor holds no call and no jump. */
#include "unit/compiler/emit_llvm/vector_math_fixture.h"

/* ---- special values ------------------------------------------------------------------------------------ */

#define NO NAN /* stands for a result that is not a number */
static const struct {
    enum ir_op op;
    double x, y;
} specials[] = {
    /* clang-format off */
    {IR_TANH, INFINITY, 1}, {IR_TANH, -INFINITY, -1}, {IR_TANH, 30, 1}, {IR_TANH, 0.0, 0.0},
    {IR_TANH, -0.0, -0.0}, {IR_TANH, 0x1p-100, 0x1p-100}, {IR_TANH, NAN, NO}, {IR_EXP, 0, 1},
    {IR_EXP, INFINITY, INFINITY}, {IR_EXP, -INFINITY, 0}, {IR_EXP, 1e5, INFINITY}, {IR_EXP, -1e5, 0},
    {IR_EXP, NAN, NO}, {IR_LOG, 1, 0}, {IR_LOG, 0.0, -INFINITY}, {IR_LOG, -0.0, -INFINITY},
    {IR_LOG, INFINITY, INFINITY}, {IR_LOG, -1, NO}, {IR_LOG, -INFINITY, NO}, {IR_LOG, NAN, NO},
    {IR_LOG, -1e-40, NO}, {IR_SQRT, 4, 2}, {IR_SQRT, -1, NO}, {IR_SQRT, NAN, NO},
    {IR_SQRT, INFINITY, INFINITY}, {IR_RECIP, 4, 0.25}, {IR_RECIP, 0.0, INFINITY},
    {IR_RECIP, -0.0, -INFINITY}, {IR_RECIP, INFINITY, 0}, {IR_RECIP, NAN, NO}, {IR_SIN, 0.0, 0.0},
    {IR_SIN, -0.0, -0.0}, {IR_SIN, INFINITY, NO}, {IR_SIN, NAN, NO}, {IR_COS, 0, 1},
    {IR_COS, -INFINITY, NO}, {IR_COS, NAN, NO}, {IR_ERF, INFINITY, 1}, {IR_ERF, -INFINITY, -1},
    {IR_ERF, 7, 1}, {IR_ERF, 0.0, 0.0}, {IR_ERF, -0.0, -0.0}, {IR_ERF, NAN, NO}, {IR_ERFINV, 1, INFINITY},
    {IR_ERFINV, -1, -INFINITY}, {IR_ERFINV, 0.0, 0.0}, {IR_ERFINV, -0.0, -0.0}, {IR_ERFINV, 1.5, NO},
    {IR_ERFINV, -INFINITY, NO}, {IR_ERFINV, NAN, NO}, {IR_SOFTPLUS, INFINITY, INFINITY},
    {IR_SOFTPLUS, -INFINITY, 0}, {IR_SOFTPLUS, NAN, NO}, {IR_SOFTPLUS, 1000, 1000}, {IR_SOFTPLUS, -1000, 0},
    {IR_SIGMOID, INFINITY, 1}, {IR_SIGMOID, -INFINITY, 0}, {IR_SIGMOID, 0, 0.5}, {IR_SIGMOID, NAN, NO},
    {IR_SIGMOID, 1000, 1}, {IR_SIGMOID, -1000, 0}, {IR_CLAMP, -2, -0.75}, {IR_CLAMP, 2, 1.5},
    {IR_CLAMP, 0.5, 0.5}, {IR_CLAMP, INFINITY, 1.5}, {IR_CLAMP, -INFINITY, -0.75}, {IR_CLAMP, NAN, NO},
    {IR_INSIDE, -0.75, 1}, {IR_INSIDE, 1.5, 1}, {IR_INSIDE, 0, 1}, {IR_INSIDE, 1.75, 0}, {IR_INSIDE, -1, 0},
    {IR_INSIDE, NAN, 0}, {IR_INSIDE, INFINITY, 0}, {IR_HOLD, -0.0, -0.0}, {IR_HOLD, NAN, NO},
    {IR_BFLOAT, 1 + 0x1p-8, 1}, {IR_BFLOAT, 1 + 0x3p-8, 1 + 0x1p-6}, {IR_BFLOAT, 0x1.ffp127, INFINITY},
    {IR_BFLOAT, -0.0, -0.0}, {IR_BFLOAT, -INFINITY, -INFINITY}, {IR_BFLOAT, NAN, NO},
    {IR_BFLOAT, 0x1p-133, 0x1p-133},
    /* clang-format on */
};

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

static void special_values_are_right(void)
{
    for (size_t i = 0; i < CHECK_COUNT(specials); i++)
        for (int variant = 0; variant < 4 * variants_of(specials[i].op); variant++) {
            const struct kernel_key key = {specials[i].op, variant & 1, 8, variant & 2,
                                           (enum sched_tanh)(variant / 4)};
            if (key.has_fma && !host_has_fma)
                continue;
            double x[8], y[8];
            for (int k = 0; k < 8; k++)
                x[k] = specials[i].x;
            evaluate(key, 8, x, y);
            if (!same(y[5], specials[i].y))
                (void)printf("\n    %s(%g) = %g, not %g (%s, %d)", ir_op_name(key.op), x[5], y[5],
                             specials[i].y, key.real == REAL_8 ? "double" : "float", key.tanh);
            CU_ASSERT_TRUE(same(y[5], specials[i].y));
        }
}

/* ---- symmetry, lanes ----------------------------------------------------------------------------------- */

static bool is_odd(enum ir_op op)
{
    return op == IR_TANH || op == IR_SIN || op == IR_ERF || op == IR_ERFINV || op == IR_RECIP;
}

static void odd_is_odd_and_even_is_even(void)
{
    enum { N = 4096 };
    double x[N], y[N], opposite[N], mirrored[N];
    uint64_t state = 11;
    for (int i = 0; i < N; i++)
        x[i] = (double)(float)random_exponent(&state, i & 1 ? 1 : 100, REAL_4);
    for (int i = 0; i < N; i++)
        opposite[i] = -x[i];
    for (size_t k = 0; k < CHECK_COUNT(operations); k++)
        for (int variant = 0; variant < 4 * variants_of(operations[k]); variant++) {
            const struct kernel_key key = {operations[k], variant & 1, 8, variant & 2,
                                           (enum sched_tanh)(variant / 4)};
            if ((key.has_fma && !host_has_fma) || (!is_odd(key.op) && key.op != IR_COS))
                continue;
            evaluate(key, N, x, y);
            evaluate(key, N, opposite, mirrored);
            for (int i = 0; i < N; i++)
                CU_ASSERT_TRUE(same(mirrored[i], is_odd(key.op) ? -y[i] : y[i]));
        }
}

/* Any number beside any other, special ones too, at every width: the result is the scalar's, bit by bit. */
static void lanes_are_independent(void)
{
    enum { N = 4096 };
    const double odd_ones[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1, -1, 1e-40, 1e30, -1e30};
    double x[N], y[N], alone[N];
    uint64_t state = 5;
    for (int i = 0; i < N; i++)
        x[i] = draw_bits(&state) % 3 == 0 ? odd_ones[draw_bits(&state) % CHECK_COUNT(odd_ones)]
                                          : (double)(float)(40 * draw_uniform(&state) - 20);
    for (size_t k = 0; k < CHECK_COUNT(operations); k++)
        for (int variant = 0; variant < 2 * variants_of(operations[k]); variant++) {
            struct kernel_key key = {operations[k], variant & 1, 0, host_has_fma,
                                     (enum sched_tanh)(variant / 2)};
            evaluate(key, N, x, alone);
            for (size_t w = 1; w < CHECK_COUNT(widths); w++) {
                key.lanes = widths[w];
                evaluate(key, N, x, y);
                for (int i = 0; i < N; i++)
                    CU_ASSERT_TRUE(same(y[i], alone[i]));
            }
        }
}

/* ---- code for any processor ---------------------------------------------------------------------------- */

/* The first line that begins with one of the words, after blanks; NULL: none does. */
static const char *find_line(const char *text, const char *const *words)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n\t ");
        for (const char *const *word = words; *word; word++)
            if (strncmp(line, *word, strlen(*word)) == 0)
                return line;
    }
    return NULL;
}

static const char *find_call(const char *assembly)
{
    return find_line(assembly, (const char *const[]){"call", "bl\t", "blr\t", NULL});
}

static const char *find_jump(const char *assembly)
{
    return find_line(assembly, (const char *const[]){"j", "b\t", "b.", "br\t", "cb", "tb", NULL});
}

static const char *assemble(const struct target *cpu, size_t first, size_t step)
{
    struct kernel_key keys[MOST_KEYS];
    const char *fault = NULL;
    const int n = list_keys(keys, target_cpu(cpu)->machine.has_fma, first, step);
    const char *assembly = kernel_assembly(arena, cpu, n, keys, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(assembly);
    CU_ASSERT_PTR_NOT_NULL(strstr(assembly, "tanh_f32_"));
    return assembly;
}

static void is_absent(const char *cpu, const char *found)
{
    if (found)
        (void)printf("\n    %s: %.*s", cpu, (int)strcspn(found, "\n"), found);
    CU_ASSERT_PTR_NULL(found);
}

/* Scalars may be selected by a jump: x86 has no better. */
static void code_is_straight(void)
{
    static const char *const cpus[] = {"x86-64", "sandybridge", "haswell", "skylake-avx512",
                                       "generic-aarch64"};
    for (size_t i = 0; i < CHECK_COUNT(cpus); i++) {
        struct target target;
        const char *fault = NULL;
        CU_ASSERT_TRUE_FATAL(backend_target(arena, cpus[i], &target, &fault));
        const char *vectors = assemble(&target, 2, 2);
        is_absent(cpus[i], find_jump(vectors));
        is_absent(cpus[i], find_call(vectors));
        is_absent(cpus[i], find_call(assemble(&target, 0, CHECK_COUNT(widths))));
    }
    CU_ASSERT_PTR_NOT_NULL(find_call("f:\n\tmovq\t%rax, %rbx\n\tcallq\ttanhf\n"));
    CU_ASSERT_PTR_NOT_NULL(find_call("f:\n\tfmov\td0, d1\n\tbl\ttanhf\n"));
    CU_ASSERT_PTR_NOT_NULL(find_jump("f:\n\tja\t.L1\n"));
}

int main(void)
{
    static const struct check_case cases[] = {
        {"special values are right", special_values_are_right},
        {"odd is odd and even is even", odd_is_odd_and_even_is_even},
        {"lanes are independent", lanes_are_independent},
        {"code is straight on every processor", code_is_straight},
    };
    return run_cases("vector_code", cases, CHECK_COUNT(cases));
}
