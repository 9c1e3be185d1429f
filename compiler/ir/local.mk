# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/ir/ir.h \
	compiler/ir/ir_add.c \
	compiler/ir/ir_build.c \
	compiler/ir/ir_copy.c \
	compiler/ir/ir_ein.c \
	compiler/ir/ir_eval.c \
	compiler/ir/ir_eval_ein.c \
	compiler/ir/ir_eval_function.c \
	compiler/ir/ir_graph.c \
	compiler/ir/ir_internal.h \
	compiler/ir/ir_select.c \
	compiler/ir/ir_shape.c \
	compiler/ir/ir_steps.c \
	compiler/ir/ops.def
