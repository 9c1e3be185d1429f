# SPDX-License-Identifier: MIT
#
# Takes: a target. Gives: schedules for it, the planner's choices on a CPU, and what a plan costs.
libgpfc_compiler_a_SOURCES += \
	compiler/sched/sched.h \
	compiler/sched/sched_choose.c \
	compiler/sched/sched_cost.c \
	compiler/sched/sched_cost.h \
	compiler/sched/sched_cpu.c \
	compiler/sched/sched_cpu.h \
	compiler/sched/sched_cpu_fields.def \
	compiler/sched/sched_cuda.c \
	compiler/sched/sched_cuda.h \
	compiler/sched/sched_cuda_fields.def \
	compiler/sched/sched_fields.def \
	compiler/sched/sched_nest.h \
	compiler/sched/sched_packed.c \
	compiler/sched/sched_pairs.c \
	compiler/sched/sched_shape.c \
	compiler/sched/sched_space.c \
	compiler/sched/sched_space.h \
	compiler/sched/sched_text.c \
	compiler/sched/sched_total.c \
	compiler/sched/sched_traffic.c \
	compiler/sched/sched_work.c \
	compiler/sched/sched_work.h
