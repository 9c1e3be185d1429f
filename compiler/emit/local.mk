# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/emit/emit.h \
	compiler/emit/emit_access.c \
	compiler/emit/emit_bundle.c \
	compiler/emit/emit_clock.c \
	compiler/emit/emit_distinct.c \
	compiler/emit/emit_kernel.c \
	compiler/emit/emit_lanes.c \
	compiler/emit/emit_limit.c \
	compiler/emit/emit_loop.c \
	compiler/emit/emit_map.c \
	compiler/emit/emit_matrix.c \
	compiler/emit/emit_module.c \
	compiler/emit/emit_nest.c \
	compiler/emit/emit_pairs.c \
	compiler/emit/emit_packed.c \
	compiler/emit/emit_select.c \
	compiler/emit/emit_total.c \
	compiler/emit/emitter.h \
	compiler/emit/llvm_compat.c \
	compiler/emit/llvm_compat.h \
	compiler/emit/target_cpu.def \
	compiler/emit/vector_math.c \
	compiler/emit/vector_math.h \
	compiler/emit/vector_math_build.c \
	compiler/emit/vector_math_build.h \
	compiler/emit/vector_math_erf.c \
	compiler/emit/vector_math_exp.c \
	compiler/emit/vector_math_log.c \
	compiler/emit/vector_math_tanh.c \
	compiler/emit/vector_math_trig.c
EXTRA_DIST += compiler/emit/vector_math_fit.py
