# SPDX-License-Identifier: MIT
#
# Takes: arrays of numbers. Gives: random numbers, dense and factored matrices, rotations, sums, an ODE
# solver, the same bits for any number of threads. Knows no models.
libgpfcrt_a_SOURCES += \
	runtime/numbers/array.c \
	runtime/numbers/array.h \
	runtime/numbers/chances.c \
	runtime/numbers/chances.h \
	runtime/numbers/dense.c \
	runtime/numbers/dense.h \
	runtime/numbers/factors.c \
	runtime/numbers/factors.h \
	runtime/numbers/normal.c \
	runtime/numbers/normal.h \
	runtime/numbers/ode_dopri5.c \
	runtime/numbers/ode_dopri5.h \
	runtime/numbers/random.c \
	runtime/numbers/random.h \
	runtime/numbers/rotation.c \
	runtime/numbers/rotation.h \
	runtime/numbers/row_weights.c \
	runtime/numbers/row_weights.h \
	runtime/numbers/rows.c \
	runtime/numbers/rows.h
