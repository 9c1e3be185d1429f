# SPDX-License-Identifier: MIT
#
# The compiler as a library: one call, which runs the stages.
libgpfc_compiler_a_SOURCES += compiler/api.c compiler/stage_list.def
dist_gpfcinclude_HEADERS += compiler/gpfc.h
