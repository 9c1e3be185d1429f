# SPDX-License-Identifier: MIT
#
# Takes: a base flow's bundle and weights, or samples. Gives: the base flow f in both directions with its
# log-determinant, and how far each inverse is off.
libgpfcrt_a_SOURCES += \
	runtime/base/base_flow.c \
	runtime/base/base_flow.h \
	runtime/base/base_flow_bnaf.c \
	runtime/base/base_flow_cp_flow.c \
	runtime/base/base_flow_extent.c \
	runtime/base/base_flow_ffjord.c \
	runtime/base/base_flow_parts.h \
	runtime/base/base_flow_search.c \
	runtime/base/base_flow_start.c \
	runtime/base/base_flow_tail.c \
	runtime/base/mixture.c \
	runtime/base/mixture.h \
	runtime/base/mixture_base.c \
	runtime/base/mixture_base.h \
	runtime/base/mixture_block.c \
	runtime/base/mixture_em.c \
	runtime/base/mixture_em.h \
	runtime/base/mixture_fit.c \
	runtime/base/mixture_map.c \
	runtime/base/mixture_parts.h \
	runtime/base/row_reason.c \
	runtime/base/row_reason.h
