# SPDX-License-Identifier: MIT
#
# Takes: a device's name. Gives: the device, opened. Knows which devices there are.
libgpfcrt_a_SOURCES += \
	runtime/devices/device_open.c \
	runtime/devices/device_open.h
