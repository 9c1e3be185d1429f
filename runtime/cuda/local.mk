# SPDX-License-Identifier: MIT
#
# Takes: a bundle whose kernels have code for GPUs, and arrays. Gives: a runner on a GPU (kernels/runner.h).
# Knows NVIDIA's driver, which it loads.
libgpfcrt_a_SOURCES += \
	runtime/cuda/cuda_code.c \
	runtime/cuda/cuda_code.h \
	runtime/cuda/cuda_device.c \
	runtime/cuda/cuda_device.h \
	runtime/cuda/cuda_driver.c \
	runtime/cuda/cuda_driver.h \
	runtime/cuda/cuda_functions.def \
	runtime/cuda/cuda_interface.h \
	runtime/cuda/cuda_memory.c \
	runtime/cuda/cuda_memory.h \
	runtime/cuda/runner_cuda.c \
	runtime/cuda/runner_cuda.h \
	runtime/cuda/runner_cuda_call.c \
	runtime/cuda/runner_cuda_parts.h \
	runtime/cuda/runner_cuda_room.c
