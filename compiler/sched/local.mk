# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/sched/planner.h \
	compiler/sched/sched.h \
	compiler/sched/sched_choose.c \
	compiler/sched/sched_cost.c \
	compiler/sched/sched_cost.h \
	compiler/sched/sched_fields.def \
	compiler/sched/sched_group.c \
	compiler/sched/sched_inline.c \
	compiler/sched/sched_legalise.c \
	compiler/sched/sched_loop.c \
	compiler/sched/sched_memory.c \
	compiler/sched/sched_nest.c \
	compiler/sched/sched_pairs.c \
	compiler/sched/sched_packed.c \
	compiler/sched/sched_partial.c \
	compiler/sched/sched_plan.c \
	compiler/sched/sched_print.c \
	compiler/sched/sched_region.c \
	compiler/sched/sched_shape.c \
	compiler/sched/sched_space.c \
	compiler/sched/sched_space.h \
	compiler/sched/sched_text.c \
	compiler/sched/sched_total.c \
	compiler/sched/sched_traffic.c \
	compiler/sched/sched_work.c \
	compiler/sched/sched_work.h
