# SPDX-License-Identifier: MIT
#
# What stands in for NVIDIA's driver and run-time compiler where there is no GPU: libraries of their names
# that run the same kernels on this machine, look at every access to memory, and fail on demand. Programs find
# them by LD_LIBRARY_PATH=tests/gpu; options are in stand_in_options.h.
test_libraries += tests/gpu/libcuda.so.1 tests/gpu/libnvrtc.so.13
stand_in_flags = $(WARN_CFLAGS) -fPIC
tests_gpu_libcuda_so_1_SOURCES = \
	tests/gpu/stand_in_block.c \
	tests/gpu/stand_in_block.h \
	tests/gpu/stand_in_check.c \
	tests/gpu/stand_in_check.h \
	tests/gpu/stand_in_counts.c \
	tests/gpu/stand_in_counts.h \
	tests/gpu/stand_in_driver.c \
	tests/gpu/stand_in_driver.h \
	tests/gpu/stand_in_image.h \
	tests/gpu/stand_in_kernel.h \
	tests/gpu/stand_in_memory.c \
	tests/gpu/stand_in_memory.h \
	tests/gpu/stand_in_module.c \
	tests/gpu/stand_in_options.c \
	tests/gpu/stand_in_options.h \
	tests/gpu/stand_in_stream.c \
	tests/gpu/stand_in_stream.h
tests_gpu_libcuda_so_1_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_gpu_libcuda_so_1_CFLAGS = $(stand_in_flags)
tests_gpu_libcuda_so_1_LDFLAGS = -shared
tests_gpu_libcuda_so_1_LDADD = -ldl
tests_gpu_libnvrtc_so_13_SOURCES = \
	runtime/nvrtc/nvrtc_functions.def \
	runtime/nvrtc/nvrtc_interface.h \
	tests/gpu/stand_in_nvrtc.c \
	tests/gpu/stand_in_options.c
tests_gpu_libnvrtc_so_13_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_gpu_libnvrtc_so_13_CFLAGS = $(stand_in_flags)
tests_gpu_libnvrtc_so_13_LDFLAGS = -shared
tests_gpu_libnvrtc_so_13_LDADD =

check_PROGRAMS += tests/gpu/test_stand_in
tests_gpu_test_stand_in_SOURCES = tests/gpu/test_stand_in.c tests/gpu/in_test.h \
	tests/gpu/kernels_in_test.h tests/scratch.h
tests_gpu_test_stand_in_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
EXTRA_DIST += tests/gpu/cuda_on_cpu.h

# Kernels as they are written for GPUs, and the trainers' own runtime, on the stand-ins.
gpu_evaluate = tests/gpu/gpu_evaluate.c tests/gpu/gpu_evaluate.h tests/gpu/in_test.h
check_PROGRAMS += tests/gpu/test_programs
tests_gpu_test_programs_SOURCES = tests/gpu/test_programs.c $(gpu_evaluate) tests/bindings.c \
	tests/bindings.h tests/property/random_program.c tests/property/random_program.h

check_PROGRAMS += tests/gpu/test_oracle_gpu
tests_gpu_test_oracle_gpu_SOURCES = tests/gpu/test_oracle_gpu.c $(gpu_evaluate) $(oracle_sources)

check_scripts += tests/gpu/train.sh
