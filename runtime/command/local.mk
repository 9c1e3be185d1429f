# SPDX-License-Identifier: MIT
#
# Takes: the command line of a trainer. Gives: what is printed, and an exit status. Decides nothing about
# numbers.
libgpfcrt_a_SOURCES += \
	runtime/command/columns.c \
	runtime/command/columns.h \
	runtime/command/command.h \
	runtime/command/command_apply.c \
	runtime/command/command_bench.c \
	runtime/command/command_check.c \
	runtime/command/command_density.c \
	runtime/command/command_evaluate.c \
	runtime/command/command_files.c \
	runtime/command/command_info.c \
	runtime/command/command_lost_file.c \
	runtime/command/command_options.c \
	runtime/command/command_print.c \
	runtime/command/command_sample.c \
	runtime/command/command_signals.c \
	runtime/command/command_strip.c \
	runtime/command/command_train.c \
	runtime/command/command_tune.c \
	runtime/command/commands.c \
	runtime/command/evaluated_rows.c \
	runtime/command/evaluated_rows.h \
	runtime/command/peak.c \
	runtime/command/peak.h \
	runtime/command/progress.c \
	runtime/command/progress.h \
	runtime/command/report.c \
	runtime/command/report.h \
	runtime/command/report_look.c \
	runtime/command/report_look.h \
	runtime/command/row_failures.c \
	runtime/command/row_failures.h \
	runtime/command/row_stream.c \
	runtime/command/row_stream.h \
	runtime/command/trainer_main.c
