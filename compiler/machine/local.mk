# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/machine/machine.h
