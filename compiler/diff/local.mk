# SPDX-License-Identifier: MIT
#
# Takes: a program. Gives: the program with derivatives, forward or reverse, and what the reverse one stores.
libgpfc_compiler_a_SOURCES += \
	compiler/diff/diff.h \
	compiler/diff/diff_active.c \
	compiler/diff/diff_forward.c \
	compiler/diff/diff_internal.h \
	compiler/diff/diff_keep.c \
	compiler/diff/diff_late.c \
	compiler/diff/diff_reuse.c \
	compiler/diff/diff_reverse.c \
	compiler/diff/diff_reverse_steps.c \
	compiler/diff/diff_rules.c \
	compiler/diff/diff_train.c
