# SPDX-License-Identifier: MIT
#
# Takes: graphs and facts. Gives: a bundle as every backend prints it: the rows of kernel_abi.h, and one list
# of their fields. Knows no code generator.
libgpfc_compiler_a_SOURCES += \
	compiler/bundle/bundle.h \
	compiler/bundle/bundle_fields.def \
	compiler/bundle/bundle_layout.c \
	compiler/bundle/bundle_ports.c
