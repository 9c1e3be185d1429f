# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/ode/ode.c \
	compiler/ode/ode.h
