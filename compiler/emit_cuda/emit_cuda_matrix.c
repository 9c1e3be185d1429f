/* SPDX-License-Identifier: MIT
 *
 * log det A and 1/A of a symmetric matrix, a thread for each sample, by Cholesky's factor A = L L': the
 * nest's memory W [n,n] holds L below its diagonal, 1/L_jj on it and the transpose of M = 1/L above it. A
 * pivot that is not positive becomes NaN. */
#include "emit_cuda/emit_cuda_internal.h"

struct matrix {
    struct cuda_nest *ne;
    int size;
    const char *pivots; /* register that sums the pivots' logarithms; NULL: not asked for */
};

static struct cuda_lanes w_at(const struct matrix *m, const char *i, const char *j)
{
    const struct cuda_index index[2] = {{i, 0}, {j, 0}};
    return cuda_load(m->ne, &m->ne->nest->work, index);
}

static void set_w(const struct matrix *m, const char *i, const char *j, const char *x)
{
    const struct cuda_index index[2] = {{i, 0}, {j, 0}};
    cuda_store(m->ne, &m->ne->nest->work, index, cuda_all(x), false);
}

static const char *element(const struct matrix *m, const char *i, const char *j)
{
    const struct nest *nest = m->ne->nest;
    const struct cuda_index index[2] = {{i, 0}, {j, 0}};
    struct cuda_known *before = cuda_known_begin(m->ne);
    const struct cuda_lanes x =
        cuda_value(m->ne, nest_operand(nest, &nest->values[nest->node], 0)->value, index);
    cuda_known_end(m->ne, before);
    return x.of[0];
}

/* sum: += W_ik W_jk over k = from .. end-1 */
static void add_products(const struct matrix *m, const char *i, const char *j, const char *from,
                         const char *end)
{
    struct cuda_kernel *k = m->ne->kernel;
    cuda_line(k, "ROLLED");
    cuda_open(k, "for (int k = %s; k < %s; k++)", from, end);
    const struct cuda_lanes a = w_at(m, i, "k"), b = w_at(m, j, "k");
    cuda_line(k, "sum = multiply_add(%s, %s, sum);", a.of[0], b.of[0]);
    cuda_close(k);
}

static void loop_open(struct cuda_kernel *k, const char *index, const char *from, const char *end)
{
    cuda_line(k, "ROLLED");
    cuda_open(k, "for (int %s = %s; %s < %s; %s++)", index, from, index, end, index);
}

/* L_jj^2 = A_jj - sum of L_jk^2, then L_ij = (A_ij - sum of L_ik L_jk)/L_jj */
static void factor(const struct matrix *m, const char *size)
{
    struct cuda_kernel *k = m->ne->kernel;
    loop_open(k, "j", "0", size);
    cuda_line(k, "real pivot;");
    cuda_open(k, "%s", "");
    cuda_line(k, "real sum = 0;");
    add_products(m, "j", "j", "0", "j");
    cuda_line(k, "pivot = %s - sum;", element(m, "j", "j"));
    cuda_close(k);
    cuda_line(k, "pivot = pivot > 0 ? pivot : REAL_NAN;");
    if (m->pivots)
        cuda_line(k, "%s += of_log(pivot);", m->pivots);
    cuda_line(k, "const real scale = 1 / of_sqrt(pivot);");
    set_w(m, "j", "j", "scale");
    loop_open(k, "i", "j + 1", size);
    cuda_line(k, "real sum = 0;");
    add_products(m, "i", "j", "0", "j");
    set_w(m, "i", "j", arena_printf(k->arena, "(%s - sum) * scale", element(m, "i", "j")));
    cuda_close(k);
    cuda_close(k);
}

/* M_ij = -(sum over j <= k < i of L_ik M_kj)/L_ii, M_jj = 1/L_jj; M_kj lies at W_jk. */
static void invert(const struct matrix *m, const char *size)
{
    struct cuda_kernel *k = m->ne->kernel;
    loop_open(k, "j", "0", size);
    loop_open(k, "i", "j + 1", size);
    cuda_line(k, "real sum = 0;");
    add_products(m, "i", "j", "j", "i");
    set_w(m, "j", "i", arena_printf(k->arena, "-%s * sum", w_at(m, "i", "i").of[0]));
    cuda_close(k);
    cuda_close(k);
}

static void give(const struct matrix *m, const char *i, const char *j, const char *x)
{
    const struct cuda_index index[2] = {{i, 0}, {j, 0}};
    cuda_store(m->ne, &m->ne->nest->stores[0].to, index, cuda_all(x), false);
}

/* 1/A = M' M: for j <= i the sum over k >= i of M_ki M_kj. */
static void give_inverse(const struct matrix *m, const char *size)
{
    struct cuda_kernel *k = m->ne->kernel;
    loop_open(k, "i", "0", size);
    loop_open(k, "j", "0", "i + 1");
    cuda_line(k, "real sum = 0;");
    add_products(m, "i", "j", "i", size);
    give(m, "i", "j", "sum");
    give(m, "j", "i", "sum");
    cuda_close(k);
    cuda_close(k);
}

void cuda_matrix(struct cuda_nest *ne)
{
    struct cuda_kernel *k = ne->kernel;
    const struct nest_value *value = &ne->nest->values[ne->nest->node];
    const int samples = ne->nest->wide ? k->schedule->lanes : 1;
    struct matrix m = {.ne = ne, .size = nest_arg(ne->nest, value, 0)->size[0]};
    const char *size = arena_printf(k->arena, "%d", m.size), *rest = cuda_items_open(k, samples);
    ne->samples = 1;
    ne->lane = cuda_item_part(k, &rest, samples, 1).dynamic;
    if (value->op == IR_INVERSE) {
        factor(&m, size);
        invert(&m, size);
        give_inverse(&m, size);
    } else {
        m.pivots = "logarithms";
        cuda_line(k, "real logarithms = 0;");
        factor(&m, size);
        give(&m, NULL, NULL, "logarithms");
    }
    cuda_close(k);
}
