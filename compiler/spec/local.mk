# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/spec/spec.h \
	compiler/spec/spec_choices.def \
	compiler/spec/spec_field.c \
	compiler/spec/spec_help.c \
	compiler/spec/spec_keys.def \
	compiler/spec/spec_number.c \
	compiler/spec/spec_read.c \
	compiler/spec/spec_table.c \
	compiler/spec/spec_tree.c \
	compiler/spec/spec_tree.h \
	compiler/spec/spec_values.c
