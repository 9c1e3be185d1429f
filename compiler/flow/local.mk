# SPDX-License-Identifier: MIT
#
# Takes: a model. Gives: programs of one sample for the flow s: loss, measures, s, its inverse. The equations
# of docs/mathematics.md.
libgpfc_compiler_a_SOURCES += \
	compiler/flow/flow.h \
	compiler/flow/flow_build.c \
	compiler/flow/flow_euler.c \
	compiler/flow/flow_field.c \
	compiler/flow/flow_integrate.c \
	compiler/flow/flow_loss.c \
	compiler/flow/flow_map.c \
	compiler/flow/flow_network.c \
	compiler/flow/flow_potential.c
