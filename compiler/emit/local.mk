# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/emit/emit.h \
	compiler/emit/emit_access.c \
	compiler/emit/emit_bundle.c \
	compiler/emit/emit_kernel.c \
	compiler/emit/emit_loop.c \
	compiler/emit/emit_map.c \
	compiler/emit/emit_module.c \
	compiler/emit/emit_select.c \
	compiler/emit/emit_total.c \
	compiler/emit/emitter.h \
	compiler/emit/llvm_compat.c \
	compiler/emit/llvm_compat.h \
	compiler/emit/target_cpu.def
