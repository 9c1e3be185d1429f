# SPDX-License-Identifier: MIT
#
# Takes: CUDA C++. Gives: machine code for one kind of GPU, by NVIDIA's run-time compiler, which it loads.
libgpfcrt_a_SOURCES += \
	runtime/nvrtc/nvrtc_functions.def \
	runtime/nvrtc/nvrtc_image.c \
	runtime/nvrtc/nvrtc_image.h \
	runtime/nvrtc/nvrtc_interface.h \
	runtime/nvrtc/nvrtc_library.c \
	runtime/nvrtc/nvrtc_library.h
