# SPDX-License-Identifier: MIT
#
# Takes: a bundle (gpfc/kernel_abi.h) and arrays. Gives: what its kernels compute from them, over any number
# of rows and threads. Knows tiles and sums, not what a kernel is for.
libgpfcrt_a_SOURCES += \
	runtime/kernels/bundle.c \
	runtime/kernels/bundle.h \
	runtime/kernels/device.c \
	runtime/kernels/device.h \
	runtime/kernels/kernel_call.c \
	runtime/kernels/kernel_call.h \
	runtime/kernels/kernel_room.c \
	runtime/kernels/kernel_room.h \
	runtime/kernels/kernel_rows.c \
	runtime/kernels/kernel_rows.h \
	runtime/kernels/kernel_sum.c \
	runtime/kernels/kernel_sum.h \
	runtime/kernels/kernel_tile.c \
	runtime/kernels/kernel_tile.h \
	runtime/kernels/runner.h \
	runtime/kernels/runner_cpu.c \
	runtime/kernels/runner_cpu.h \
	runtime/kernels/runner_ports.c \
	runtime/kernels/runner_ports.h \
	runtime/kernels/settings.c \
	runtime/kernels/settings.h
