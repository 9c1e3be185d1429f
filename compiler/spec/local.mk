# SPDX-License-Identifier: MIT
libgpfc_compiler_a_SOURCES += \
	compiler/spec/spec.h \
	compiler/spec/spec_choices.def \
	compiler/spec/spec_keys.def
