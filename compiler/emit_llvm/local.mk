# SPDX-License-Identifier: MIT
#
# Takes: plans and a bundle. Gives: machine code and the bundle's symbol, through LLVM's C API. Decides
# nothing.
libgpfc_compiler_a_SOURCES += \
	compiler/emit_llvm/emit.h \
	compiler/emit_llvm/emit_access.c \
	compiler/emit_llvm/emit_bundle.c \
	compiler/emit_llvm/emit_clock.c \
	compiler/emit_llvm/emit_distinct.c \
	compiler/emit_llvm/emit_kernel.c \
	compiler/emit_llvm/emit_lanes.c \
	compiler/emit_llvm/emit_limit.c \
	compiler/emit_llvm/emit_loop.c \
	compiler/emit_llvm/emit_map.c \
	compiler/emit_llvm/emit_matrix.c \
	compiler/emit_llvm/emit_module.c \
	compiler/emit_llvm/emit_nest.c \
	compiler/emit_llvm/emit_packed.c \
	compiler/emit_llvm/emit_pairs.c \
	compiler/emit_llvm/emit_select.c \
	compiler/emit_llvm/emit_total.c \
	compiler/emit_llvm/emitter.h \
	compiler/emit_llvm/llvm_compat.c \
	compiler/emit_llvm/llvm_compat.h \
	compiler/emit_llvm/math/vector_math.c \
	compiler/emit_llvm/math/vector_math.h \
	compiler/emit_llvm/math/vector_math_build.c \
	compiler/emit_llvm/math/vector_math_build.h \
	compiler/emit_llvm/math/vector_math_erf.c \
	compiler/emit_llvm/math/vector_math_exp.c \
	compiler/emit_llvm/math/vector_math_log.c \
	compiler/emit_llvm/math/vector_math_tanh.c \
	compiler/emit_llvm/math/vector_math_trig.c
EXTRA_DIST += compiler/emit_llvm/math/vector_math_fit.py
