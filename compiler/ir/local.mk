# SPDX-License-Identifier: MIT
#
# Takes: operations and their operands. Gives: programs of one sample, simplified as they are built; their
# text form, rules and interpreter.
libgpfc_compiler_a_SOURCES += \
	compiler/ir/function_tables.h \
	compiler/ir/ir.h \
	compiler/ir/ir_add.c \
	compiler/ir/ir_batch.c \
	compiler/ir/ir_build.c \
	compiler/ir/ir_copy.c \
	compiler/ir/ir_count.c \
	compiler/ir/ir_ein.c \
	compiler/ir/ir_ein.h \
	compiler/ir/ir_ein_order.c \
	compiler/ir/ir_eval.c \
	compiler/ir/ir_eval_ein.c \
	compiler/ir/ir_eval_function.c \
	compiler/ir/ir_eval_matrix.c \
	compiler/ir/ir_graph.c \
	compiler/ir/ir_internal.h \
	compiler/ir/ir_lex.c \
	compiler/ir/ir_lex.h \
	compiler/ir/ir_parse.c \
	compiler/ir/ir_parse.h \
	compiler/ir/ir_parse_node.c \
	compiler/ir/ir_print.c \
	compiler/ir/ir_rules.c \
	compiler/ir/ir_select.c \
	compiler/ir/ir_shape.c \
	compiler/ir/ir_steps.c \
	compiler/ir/ir_verify.c \
	compiler/ir/ops.def
