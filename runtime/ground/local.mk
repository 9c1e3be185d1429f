# SPDX-License-Identifier: MIT
#
# Takes: nothing of gpfc. Gives: faults and JSON as texts, threads and cores, signals, clocks, numbers as
# people read them. Knows the operating system.
libgpfcrt_a_SOURCES += \
	runtime/ground/c_locale.c \
	runtime/ground/c_locale.h \
	runtime/ground/clock.c \
	runtime/ground/clock.h \
	runtime/ground/fault.c \
	runtime/ground/fault.h \
	runtime/ground/file_map.c \
	runtime/ground/file_map.h \
	runtime/ground/human.c \
	runtime/ground/human.h \
	runtime/ground/interrupt.c \
	runtime/ground/interrupt.h \
	runtime/ground/json_make.c \
	runtime/ground/json_make.h \
	runtime/ground/json_text.c \
	runtime/ground/json_text.h \
	runtime/ground/parallel.c \
	runtime/ground/parallel.h \
	runtime/ground/pin.c \
	runtime/ground/pin.h \
	runtime/ground/text.h
