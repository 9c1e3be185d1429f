# SPDX-License-Identifier: MIT
#
# Takes: a program. Gives: a smaller program of the same value. One file a pass, one list of their order.
libgpfc_compiler_a_SOURCES += \
	compiler/pass/pass.h \
	compiler/pass/pass_binary.c \
	compiler/pass/pass_dead.c \
	compiler/pass/pass_hoist.c \
	compiler/pass/pass_internal.h \
	compiler/pass/pass_list.c \
	compiler/pass/pass_list.def \
	compiler/pass/pass_merge.c \
	compiler/pass/pass_narrow.c \
	compiler/pass/pass_product.c \
	compiler/pass/pass_product.h \
	compiler/pass/pass_release.c \
	compiler/pass/pass_rewrite.c
