# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/diff/diff.h
