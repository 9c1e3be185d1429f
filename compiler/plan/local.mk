# SPDX-License-Identifier: MIT
#
# Takes: a graph and a backend's choices. Gives: a plan, loops and buffers, without knowing the machine: it
# asks for what depends on one.
libgpfc_compiler_a_SOURCES += \
	compiler/plan/nest.c \
	compiler/plan/nest.h \
	compiler/plan/plan.c \
	compiler/plan/plan.h \
	compiler/plan/plan_group.c \
	compiler/plan/plan_inline.c \
	compiler/plan/plan_legalise.c \
	compiler/plan/plan_loop.c \
	compiler/plan/plan_memory.c \
	compiler/plan/plan_nest.c \
	compiler/plan/plan_partial.c \
	compiler/plan/plan_print.c \
	compiler/plan/plan_region.c \
	compiler/plan/plan_total.c \
	compiler/plan/planner.h
