# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/model/model.h \
	compiler/model/model_check.c \
	compiler/model/model_params.c
