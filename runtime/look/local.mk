# SPDX-License-Identifier: MIT
#
# Takes: rows of data, block by block. Gives: statistics of their columns, and findings: what will make a
# training fail, or its result mean little. Knows neither files nor flows.
libgpfcrt_a_SOURCES += \
	runtime/look/columns.c \
	runtime/look/columns.h \
	runtime/look/find_collinear.c \
	runtime/look/find_discrete.c \
	runtime/look/find_far.c \
	runtime/look/find_in_columns.c \
	runtime/look/find_in_latents.c \
	runtime/look/find_in_rows.c \
	runtime/look/find_in_weights.c \
	runtime/look/find_unrelated.c \
	runtime/look/finding_kinds.def \
	runtime/look/findings.c \
	runtime/look/findings.h \
	runtime/look/hash.h \
	runtime/look/look.c \
	runtime/look/look.h \
	runtime/look/look_view.h \
	runtime/look/look_weights.c \
	runtime/look/look_weights.h \
	runtime/look/row_hashes.c \
	runtime/look/row_hashes.h \
	runtime/look/row_neighbours.c \
	runtime/look/row_neighbours.h \
	runtime/look/row_places.c \
	runtime/look/row_places.h \
	runtime/look/row_sample.c \
	runtime/look/row_sample.h
