# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/ir/ir.h \
	compiler/ir/ops.def
