# SPDX-License-Identifier: MIT
#
# Takes: options. Gives: files. Calls the stages in their order and hands each what the one before it made;
# backends are rows here.
libgpfc_compiler_a_SOURCES += \
	compiler/drive/artifact.c \
	compiler/drive/backend.c \
	compiler/drive/backend.h \
	compiler/drive/backend_c.c \
	compiler/drive/backend_list.def \
	compiler/drive/backend_llvm.c \
	compiler/drive/compile.h \
	compiler/drive/describe.c \
	compiler/drive/library.c \
	compiler/drive/library.h \
	compiler/drive/objects.c \
	compiler/drive/output.c \
	compiler/drive/output.h \
	compiler/drive/programs.c \
	compiler/drive/schedules.c \
	compiler/drive/tuning.c \
	compiler/drive/tuning.h \
	compiler/drive/tuning_report.c \
	compiler/drive/tuning_wisdom.c
