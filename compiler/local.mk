# SPDX-License-Identifier: MIT
bin_PROGRAMS += gpfc
gpfc_SOURCES = compiler/main.c compiler/main.h compiler/main_report.c compiler/main_wisdom.c
gpfc_LDADD = $(compiler_libs) $(JANSSON_LIBS)

libgpfc_compiler_a_SOURCES += \
	compiler/api.c \
	compiler/artifact.c \
	compiler/compile.h \
	compiler/describe.c \
	compiler/gpfc.h \
	compiler/library.c \
	compiler/library.h \
	compiler/objects.c \
	compiler/output.c \
	compiler/output.h \
	compiler/programs.c \
	compiler/schedules.c \
	compiler/tuning.c \
	compiler/tuning.h \
	compiler/tuning_report.c \
	compiler/tuning_wisdom.c
