# SPDX-License-Identifier: MIT
#
# Takes: programs and a bundle. Gives: plain C11 for any compiler. Needs no plan and no LLVM.
libgpfc_compiler_a_SOURCES += \
	compiler/emit_c/emit_c.c \
	compiler/emit_c/emit_c.h \
	compiler/emit_c/emit_c_bundle.c \
	compiler/emit_c/emit_c_internal.h \
	compiler/emit_c/emit_c_kernel.c \
	compiler/emit_c/emit_c_loop.c \
	compiler/emit_c/emit_c_node.c \
	compiler/emit_c/emit_c_region.c \
	compiler/emit_c/emit_c_text.c
