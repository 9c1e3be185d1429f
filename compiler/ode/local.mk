# SPDX-License-Identifier: MIT
#
# Takes: a velocity as a program. Gives: loops over time steps and stages. Serves flow/ and baseflow/.
libgpfc_compiler_a_SOURCES += \
	compiler/ode/ode.c \
	compiler/ode/ode.h
