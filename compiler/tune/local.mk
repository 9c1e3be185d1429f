# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/tune/jit.c \
	compiler/tune/jit.h \
	compiler/tune/tune.c \
	compiler/tune/tune.h \
	compiler/tune/tune_case.c \
	compiler/tune/tune_case.h \
	compiler/tune/tune_crowd.c \
	compiler/tune/tune_crowd.h \
	compiler/tune/tune_decide.c \
	compiler/tune/tune_decide.h \
	compiler/tune/tune_run.c \
	compiler/tune/tune_run.h \
	compiler/tune/tune_time.c \
	compiler/tune/tune_time.h \
	compiler/tune/wisdom.h \
	compiler/tune/wisdom_file.c \
	compiler/tune/wisdom_text.c
