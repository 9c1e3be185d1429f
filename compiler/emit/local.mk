# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/emit/llvm_compat.c \
	compiler/emit/llvm_compat.h \
	compiler/emit/target_cpu.def
