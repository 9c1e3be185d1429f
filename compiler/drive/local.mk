# SPDX-License-Identifier: MIT
#
# Takes: options. Gives: files. Calls the stages in their order and hands each what the one before it made;
# backends are rows here.
libgpfc_compiler_a_SOURCES += \
	compiler/drive/artifact.c \
	compiler/drive/artifact.h \
	compiler/drive/backend.c \
	compiler/drive/backend.h \
	compiler/drive/backend_c.c \
	compiler/drive/backend_cuda.c \
	compiler/drive/backend_list.def \
	compiler/drive/backend_llvm.c \
	compiler/drive/compile.c \
	compiler/drive/compile.h \
	compiler/drive/describe.c \
	compiler/drive/describe.h \
	compiler/drive/family.c \
	compiler/drive/family.h \
	compiler/drive/family_base.c \
	compiler/drive/family_flow.c \
	compiler/drive/front.c \
	compiler/drive/front.h \
	compiler/drive/library.c \
	compiler/drive/library.h \
	compiler/drive/objects.c \
	compiler/drive/objects.h \
	compiler/drive/output.c \
	compiler/drive/output.h \
	compiler/drive/kernel_cuda.c \
	compiler/drive/kernel_cuda.h \
	compiler/drive/planner_cpu.c \
	compiler/drive/planner_cpu.h \
	compiler/drive/programs.c \
	compiler/drive/programs.h \
	compiler/drive/schedules.c \
	compiler/drive/schedules.h \
	compiler/drive/tuning.c \
	compiler/drive/tuning.h \
	compiler/drive/tuning_parts.h \
	compiler/drive/tuning_report.c \
	compiler/drive/tuning_wisdom.c \
	compiler/drive/version.c
