# SPDX-License-Identifier: MIT
#
# Takes: a gradient, and the step of the training. Gives: changed weights, and their average. Knows the
# optimizers, one row each, and the schedules of the learning rate and of the penalty's weight; nothing of
# samples.
libgpfcrt_a_SOURCES += \
	runtime/optimize/adam.c \
	runtime/optimize/adam.h \
	runtime/optimize/average.c \
	runtime/optimize/average.h \
	runtime/optimize/optimizer.c \
	runtime/optimize/optimizer.h \
	runtime/optimize/rate.c \
	runtime/optimize/rate.h \
	runtime/optimize/shrink.c \
	runtime/optimize/shrink.h \
	runtime/optimize/soap.c \
	runtime/optimize/soap.h
