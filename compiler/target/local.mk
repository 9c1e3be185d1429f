# SPDX-License-Identifier: MIT
#
# Takes: the name of a processor. Gives: what its vectors, caches and pipelines can do. Plain data; nothing
# is measured.
libgpfc_compiler_a_SOURCES += \
	compiler/target/machine.c \
	compiler/target/machine.h \
	compiler/target/machine_caches.c \
	compiler/target/machine_caches.h \
	compiler/target/target.h \
	compiler/target/target_cpu.c \
	compiler/target/target_cpu.def
