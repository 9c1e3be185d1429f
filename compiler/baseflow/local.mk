# SPDX-License-Identifier: MIT
#
# Takes: a model of a base flow. Gives: programs of one sample for the base flow f. One file a kind.
libgpfc_compiler_a_SOURCES += \
	compiler/baseflow/baseflow.h \
	compiler/baseflow/baseflow_bnaf.c \
	compiler/baseflow/baseflow_build.c \
	compiler/baseflow/baseflow_cp_flow.c \
	compiler/baseflow/baseflow_estimate.c \
	compiler/baseflow/baseflow_ffjord.c \
	compiler/baseflow/baseflow_icnn.c \
	compiler/baseflow/baseflow_potential.c \
	compiler/baseflow/baseflow_tail.c \
	compiler/baseflow/icnn.h \
	compiler/baseflow/tail.h
