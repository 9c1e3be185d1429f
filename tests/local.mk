# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/check.h
