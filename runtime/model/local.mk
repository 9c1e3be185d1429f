# SPDX-License-Identifier: MIT
#
# Takes: weights and a bundle. Gives: model files, the trained map s(f(x)) in both directions, and the
# measures of how good it is.
libgpfcrt_a_SOURCES += \
	runtime/model/column_choice.c \
	runtime/model/column_choice.h \
	runtime/model/density_grid.c \
	runtime/model/density_grid.h \
	runtime/model/evaluate.c \
	runtime/model/evaluate.h \
	runtime/model/evaluate_base.c \
	runtime/model/evaluate_base.h \
	runtime/model/flow.c \
	runtime/model/flow.h \
	runtime/model/flow_inverse.c \
	runtime/model/flow_jacobian.c \
	runtime/model/flow_newton.c \
	runtime/model/flow_parts.h \
	runtime/model/flow_rotation.c \
	runtime/model/flow_rotation.h \
	runtime/model/pairs.c \
	runtime/model/pairs.h \
	runtime/model/spec_data.c \
	runtime/model/spec_data.h \
	runtime/model/strip.c \
	runtime/model/strip.h \
	runtime/model/tensor_list.c \
	runtime/model/tensor_list.h \
	runtime/model/version.c \
	runtime/model/version.h \
	runtime/model/weights.c \
	runtime/model/weights.h \
	runtime/model/weights_initial.c
