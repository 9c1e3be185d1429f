# SPDX-License-Identifier: MIT
#
# Takes: plans for GPUs. Gives: CUDA C++ for NVRTC and nvcc. Decides nothing: how threads share a nest has
# been settled by sched/.
libgpfc_compiler_a_SOURCES += \
	compiler/emit_cuda/emit_cuda.c \
	compiler/emit_cuda/emit_cuda.h \
	compiler/emit_cuda/emit_cuda_internal.h \
	compiler/emit_cuda/emit_cuda_kernel.c \
	compiler/emit_cuda/emit_cuda_map.c \
	compiler/emit_cuda/emit_cuda_matrix.c \
	compiler/emit_cuda/emit_cuda_nest.c \
	compiler/emit_cuda/emit_cuda_order.c \
	compiler/emit_cuda/emit_cuda_select.c \
	compiler/emit_cuda/emit_cuda_text.c \
	compiler/emit_cuda/emit_cuda_total.c \
	compiler/emit_cuda/emit_cuda_value.c
