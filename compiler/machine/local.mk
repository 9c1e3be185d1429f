# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/machine/machine.c \
	compiler/machine/machine.h \
	compiler/machine/machine_caches.c \
	compiler/machine/machine_caches.h \
	compiler/machine/machine_table.def
