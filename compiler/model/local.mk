# SPDX-License-Identifier: MIT
#
# Takes: the values of a spec. Gives: a legal model, with names, shapes and offsets of its parameters; or
# faults where values exclude each other.
libgpfc_compiler_a_SOURCES += \
	compiler/model/base_check.c \
	compiler/model/base_check.h \
	compiler/model/base_model.c \
	compiler/model/base_model.h \
	compiler/model/base_settings.c \
	compiler/model/model.h \
	compiler/model/model_check.c \
	compiler/model/model_params.c
