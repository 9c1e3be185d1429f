/* SPDX-License-Identifier: MIT
 *
 * Records of nests: they know neither plan nor memory, and whatever decides a nest's code changes their
 * key. */
#include "plan/nest.h"

#include "sched/sched_cpu.h"
#include "sched/sched_nest.h"

#include <stdint.h>
#include <string.h>

#include "check_arena.h" /* last: its `arena` would hide parameters of that name */

/* Contractions, functions, a slice, a gather, a matrix, a total, a store that adds: each kind of nest. */
static const struct ir_graph *program(void)
{
    struct ir_graph *g = ir_graph_new(arena, "program");
    const struct ir_entry entries[] = {{0, 0, 2}, {1, 3, 1}, {1, 5, 0.5}};
    const int two = 2;
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 40));
    const struct ir_node *w = ir_input(g, "W", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 6, 40));
    const struct ir_node *h = ir_unary(g, IR_TANH, ir_ein(g, 0.5, "ij,j->i", w, x));
    const struct ir_node *clamped = ir_clamp(g, h, -0.25, 0.75);
    const struct ir_node *matrix = ir_add2(g, ir_eye(g, 6), ir_ein(g, 3.0, "i,j->ij", h, h));
    ir_output_add(g, "clamped", ir_add2(g, clamped, ir_slice(g, x, 0, 3, 6)));
    ir_output_add(g, "gathered", ir_select(g, h, 0, 1, &two, 3, entries));
    ir_output_add(g, "logdet", ir_logdet(g, matrix));
    ir_output_add(g, "total", ir_bsum(g, ir_ein(g, 2.0, "i,j->ij", h, x)));
    return g;
}

static struct plan *planned(void)
{
    const char *fault = NULL;
    struct plan *plan = sched_plan(arena, program(), sched_choose(256, 16, 4, 0), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static const struct nest *record_of(const struct plan *plan, int item)
{
    const struct plan_value *const *params;
    return nest_new(arena, plan->tile, plan->tile->items[item].nest, &params);
}

static struct strbuf key_of(const struct nest *nest)
{
    struct strbuf key;
    strbuf_init(&key, arena);
    nest_key(nest, &key);
    return key;
}

static bool is_same(const struct strbuf *a, const struct strbuf *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* ---- nothing of where ---------------------------------------------------------------------------------- */

static void plans_of_one_program_have_the_same_records(void)
{
    struct plan *a = planned(), *b = planned();
    CU_ASSERT_FATAL(a->tile->n_items == b->tile->n_items && a->tile->n_items >= 4);
    for (int i = 0; i < a->tile->n_items; i++) {
        const struct strbuf mine = key_of(record_of(a, i)), its = key_of(record_of(b, i));
        CU_ASSERT_TRUE(is_same(&mine, &its));
        for (int k = 0; k < i; k++) {
            const struct strbuf other = key_of(record_of(a, k));
            CU_ASSERT_FALSE(is_same(&mine, &other));
        }
    }
}

static void places_are_parameters(void)
{
    struct plan *plan = planned();
    for (int i = 0; i < plan->tile->n_items; i++) {
        const struct plan_value *const *params;
        const struct nest *nest = nest_new(arena, plan->tile, plan->tile->items[i].nest, &params);
        const struct strbuf before = key_of(nest);
        CU_ASSERT_FATAL(nest->n_params > 0);
        for (int p = 0; p < nest->n_params; p++) {
            struct plan_value *value = (struct plan_value *)(uintptr_t)params[p];
            value->offset += 16;
            value->step[1] += 16;
        }
        const struct strbuf after = key_of(record_of(plan, i));
        CU_ASSERT_TRUE(is_same(&before, &after));
    }
}

/* ---- everything of what -------------------------------------------------------------------------------- */

static void check_bytes(const struct nest *nest, void *bytes, size_t n)
{
    const struct strbuf before = key_of(nest);
    for (size_t i = 0; i < n; i++) {
        ((unsigned char *)bytes)[i] ^= 1;
        const struct strbuf after = key_of(nest);
        CU_ASSERT_FALSE(is_same(&before, &after));
        ((unsigned char *)bytes)[i] ^= 1;
    }
}

/* What is not a count: a wrong one would lead past the arrays. */
static void every_byte_of_a_record_is_in_its_key(void)
{
    struct plan *plan = planned();
    size_t seen[9] = {0};
    for (int i = 0; i < plan->tile->n_items; i++) {
        struct nest *nest = (struct nest *)(uintptr_t)record_of(plan, i);
        const struct {
            void *array;
            size_t bytes;
        } parts[] = {
            {nest->members, sizeof *nest->members * (size_t)nest->n_members},
            {nest->stores, sizeof *nest->stores * (size_t)nest->n_stores},
            {nest->terms, sizeof *nest->terms * (size_t)nest->n_terms},
            {nest->values, sizeof *nest->values * (size_t)nest->n_values},
            {nest->operands, sizeof *nest->operands * (size_t)nest->n_operands},
            {nest->factors, sizeof *nest->factors * (size_t)nest->n_factors},
            {nest->selects, sizeof *nest->selects * (size_t)nest->n_selects},
            {nest->entries, sizeof *nest->entries * (size_t)nest->n_entries},
            {(void *)(uintptr_t)nest->how, (size_t)nest->how_bytes},
        };
        for (size_t p = 0; p < CHECK_COUNT(parts); p++) {
            seen[p] += parts[p].bytes;
            check_bytes(nest, parts[p].array, parts[p].bytes);
        }
        check_bytes(nest, nest->size, sizeof nest->size);
        check_bytes(nest, nest->summed, sizeof nest->summed);
        check_bytes(nest, nest->total_size, sizeof nest->total_size);
        check_bytes(nest, &nest->work, sizeof nest->work);
    }
    for (size_t p = 0; p < CHECK_COUNT(seen); p++)
        CU_ASSERT_TRUE(seen[p] > 0);
}

/* ---- a plan that differs ------------------------------------------------------------------------------- */

/* Each changes one thing of a nest; false: the nest has no such thing. */
typedef bool change(struct plan_region *region, struct plan_nest *nest);

static struct ir_node *writable(const struct ir_node *node)
{
    return (struct ir_node *)(uintptr_t)node;
}

/* The first member, or factor, that is of this operation. */
static struct ir_node *member(const struct plan_nest *nest, enum ir_op op)
{
    for (int i = 0; i < nest->n_members; i++)
        if (nest->members[i].node->op == op)
            return writable(nest->members[i].node);
    return NULL;
}

static bool other_coefficient(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    struct ir_node *node = member(nest, IR_EIN);
    if (node)
        node->ein.coefficient *= 2;
    return node;
}

static bool other_function(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    struct ir_node *node = member(nest, IR_TANH);
    if (node)
        node->op = IR_EXP;
    return node;
}

/* The clamp is computed where it is added. */
static bool other_range(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    struct ir_node *node = member(nest, IR_ADD);
    for (int i = 0; node && i < node->n_args; i++)
        if (node->args[i]->op == IR_CLAMP) {
            writable(node->args[i])->range[1] = 0.5;
            return true;
        }
    return false;
}

static bool other_entry(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    if (nest->kind != PLAN_SELECT)
        return false;
    ((struct ir_entry *)(uintptr_t)nest->node->select.entries)[2].value = 0.75;
    return true;
}

static bool other_label(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    if (nest->kind != PLAN_TOTAL)
        return false;
    nest->terms[0].factor[0].labels[0] ^= 1;
    return true;
}

static bool other_stride(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    if (nest->n_stores && nest->stores[0].rank)
        nest->stores[0].to.stride[0] += 16;
    return nest->n_stores && nest->stores[0].rank;
}

static bool other_operand_layout(struct plan_region *region, struct plan_nest *nest)
{
    const struct ir_node *root = nest->n_summed ? nest->members[0].node : NULL;
    if (root)
        region->value[root->args[0]->id].bfloat ^= 1;
    return root;
}

static bool stores_that_add(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    if (nest->n_stores)
        nest->stores[0].add ^= 1;
    return nest->n_stores;
}

static bool other_matrix_block(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    if (nest->kind == PLAN_MATRIX)
        ((struct sched_how *)nest->how)->block++;
    return nest->kind == PLAN_MATRIX;
}

static bool a_paired_term(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    if (nest->n_terms)
        nest->terms[0].how = TERM_PAIRED;
    return nest->n_terms;
}

static bool sums_by_lane(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    if (nest->kind == PLAN_TOTAL)
        nest->partial = ARENA_NEW(arena, struct plan_partial);
    return nest->kind == PLAN_TOTAL;
}

static bool narrow_work(struct plan_region *region, struct plan_nest *nest)
{
    (void)region;
    nest->work.wide ^= 1;
    return nest->kind == PLAN_MATRIX;
}

static void whatever_decides_code_changes_the_key(void)
{
    static change *const changes[] = {
        other_coefficient,  other_function, other_range,     other_entry,
        other_label,        other_stride,   stores_that_add, a_paired_term,
        other_matrix_block, sums_by_lane,   narrow_work,     other_operand_layout,
    };
    for (size_t c = 0; c < CHECK_COUNT(changes); c++) {
        int changed = 0;
        struct plan *plan = planned();
        for (int i = 0; i < plan->tile->n_items; i++) {
            const struct strbuf before = key_of(record_of(plan, i));
            if (!changes[c](plan->tile, plan->tile->items[i].nest))
                continue;
            const struct strbuf after = key_of(record_of(plan, i));
            CU_ASSERT_FALSE(is_same(&before, &after));
            changed++;
        }
        if (changed == 0)
            printf("  change %zu: no nest has it\n", c);
        CU_ASSERT_TRUE(changed > 0);
    }
}

/* ---- the cases, each with an arena --------------------------------------------------------------------- */

#define CASES(CASE)                                                                                          \
    CASE(plans_of_one_program_have_the_same_records)                                                         \
    CASE(places_are_parameters)                                                                              \
    CASE(every_byte_of_a_record_is_in_its_key)                                                               \
    CASE(whatever_decides_code_changes_the_key)
CASES(CHECK_WITH_ARENA)

int main(void)
{
    static const struct check_case cases[] = {CASES(CHECK_ARENA_ROW)};
    return check_main("nest records", cases, CHECK_COUNT(cases));
}
