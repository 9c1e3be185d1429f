# SPDX-License-Identifier: MIT
#
# Takes: pairs and a bundle. Gives: weights. Knows epochs, time steps, checkpoints and the files of a run;
# prints nothing.
libgpfcrt_a_SOURCES += \
	runtime/train/checkpoint.c \
	runtime/train/checkpoint.h \
	runtime/train/checkpoint_build.c \
	runtime/train/checkpoint_build.h \
	runtime/train/checkpoint_settings.c \
	runtime/train/checkpoint_settings.h \
	runtime/train/gpfc_train.c \
	runtime/train/measure_set.c \
	runtime/train/measure_set.h \
	runtime/train/metrics.c \
	runtime/train/metrics.h \
	runtime/train/run_folder.c \
	runtime/train/run_folder.h \
	runtime/train/split.c \
	runtime/train/split.h \
	runtime/train/stage_kind.c \
	runtime/train/stage_kind.h \
	runtime/train/time_check.c \
	runtime/train/time_check.h \
	runtime/train/time_steps.c \
	runtime/train/time_steps.h \
	runtime/train/train.c \
	runtime/train/train.h \
	runtime/train/train_new.c \
	runtime/train/train_parts.h \
	runtime/train/train_run.c \
	runtime/train/train_run.h \
	runtime/train/training.c \
	runtime/train/training.h \
	runtime/train/training_stage.c
