/* SPDX-License-Identifier: MIT
 *
 * Kernels that count the time of their nests: the processor's clock is read after each, and added to a table
 * (emit.h). */
#include "emit_llvm/emitter.h"

#include <assert.h>
#include <string.h>

/* Of struct emit_clocks, in fields of eight bytes. */
enum { LAST, BEGUN, COUNT, HEAD_FIELDS };
enum { ROW_TICKS = 4, ROW_CALLS, ROW_FIELDS };
_Static_assert(sizeof(struct emit_clocks) == 8 * HEAD_FIELDS, "fields of eight bytes");
_Static_assert(sizeof(struct emit_clock) == 8 * ROW_FIELDS, "fields of eight bytes");

struct clock_table {
    LLVMValueRef global;
    const char *part;
    int n;
    LLVMTypeRef row_type;
    LLVMValueRef *rows;
};

static LLVMTypeRef table_type(struct emitter *e, LLVMTypeRef row, int n)
{
    LLVMTypeRef fields[] = {e->index, e->index, e->index, LLVMArrayType(row, (unsigned)n)};
    return LLVMStructTypeInContext(e->context, fields, 4, false);
}

void emit_clocks_open(struct emitter *e)
{
    LLVMTypeRef fields[] = {e->pointer, e->pointer, e->index, LLVMDoubleTypeInContext(e->context),
                            e->index,   e->index};
    struct clock_table *table = e->clocks = ARENA_NEW(e->arena, struct clock_table);
    table->row_type = LLVMStructTypeInContext(e->context, fields, ROW_FIELDS, false);
    table->rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)e->plan->n_nests + 1);
    table->global = LLVMAddGlobal(e->module, table_type(e, table->row_type, e->plan->n_nests),
                                  arena_printf(e->arena, "gpfc_clocks_%s", e->kernel));
}

void emit_clocks_close(struct emitter *e)
{
    const struct clock_table *table = e->clocks;
    assert(table->n == e->plan->n_nests);
    LLVMValueRef zero = emit_constant_index(e, 0);
    LLVMValueRef fields[] = {zero, zero, emit_constant_index(e, table->n),
                             LLVMConstArray(table->row_type, table->rows, (unsigned)table->n)};
    LLVMSetInitializer(table->global, LLVMConstStructInContext(e->context, fields, 4, false));
    e->clocks = NULL;
}

/* ---- in the code --------------------------------------------------------------------------------------- */

/* On ARM only the system may read the cycle counter. */
static LLVMValueRef look(const struct emitter *e)
{
    const char *name =
        target_cpu(e->target)->family == TARGET_NEON ? "llvm.readsteadycounter" : "llvm.readcyclecounter";
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    if (!id) /* a release that has but one clock */
        id = LLVMLookupIntrinsicID("llvm.readcyclecounter", strlen("llvm.readcyclecounter"));
    LLVMValueRef callee = LLVMGetIntrinsicDeclaration(e->module, id, NULL, 0);
    return LLVMBuildCall2(e->builder, LLVMIntrinsicGetType(e->context, id, NULL, 0), callee, NULL, 0, "now");
}

static LLVMValueRef field(const struct emitter *e, int which)
{
    LLVMValueRef at = emit_constant_index(e, which);
    return LLVMBuildGEP2(e->builder, e->index, e->clocks->global, &at, 1, "");
}

static void add_to(const struct emitter *e, int which, LLVMValueRef term)
{
    LLVMValueRef place = field(e, which), before = LLVMBuildLoad2(e->builder, e->index, place, "");
    LLVMBuildStore(e->builder, LLVMBuildAdd(e->builder, before, term, ""), place);
}

void emit_clocks_begin(struct emitter *e, const char *part)
{
    if (!e->clocks)
        return;
    e->clocks->part = part;
    add_to(e, BEGUN, emit_constant_index(e, 1));
    LLVMBuildStore(e->builder, look(e), field(e, LAST));
}

void emit_clocks_count(struct emitter *e, const struct plan_region *region, const struct plan_nest *nest)
{
    struct clock_table *table = e->clocks;
    if (!table)
        return;
    struct strbuf what;
    strbuf_init(&what, e->arena);
    plan_nest_text(nest, &what);
    const int first = HEAD_FIELDS + ROW_FIELDS * table->n;
    const double flop = plan_nest_flop(region, nest) * (region->wide ? e->schedule->lanes : 1);
    LLVMValueRef now = look(e), last = LLVMBuildLoad2(e->builder, e->index, field(e, LAST), "");
    add_to(e, first + ROW_TICKS, LLVMBuildSub(e->builder, now, last, ""));
    add_to(e, first + ROW_CALLS, emit_constant_index(e, 1));
    LLVMBuildStore(e->builder, now, field(e, LAST));
    LLVMValueRef zero = emit_constant_index(e, 0);
    LLVMValueRef fields[ROW_FIELDS] = {LLVMBuildGlobalStringPtr(e->builder, table->part, "part"),
                                       LLVMBuildGlobalStringPtr(e->builder, strbuf_text(&what), "what"),
                                       emit_constant_index(e, plan_nest_node(nest)),
                                       LLVMConstReal(LLVMDoubleTypeInContext(e->context), flop),
                                       zero,
                                       zero};
    table->rows[table->n++] = LLVMConstStructInContext(e->context, fields, ROW_FIELDS, false);
}
