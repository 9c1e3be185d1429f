# SPDX-License-Identifier: MIT
#
# What a machine can do to a program: calls of the C library that fail or are short, once or from then on.
# `make check` tries a few of each kind, `make torture` all of them, and KILLS=1000 kills of a training.
test_libraries += tests/faults/failing_calls.so
tests_faults_failing_calls_so_SOURCES = tests/faults/failing_calls.c
tests_faults_failing_calls_so_CFLAGS = $(WARN_CFLAGS) -fPIC
tests_faults_failing_calls_so_LDFLAGS = -shared
tests_faults_failing_calls_so_LDADD = -ldl
check_scripts += tests/faults/crash.py tests/faults/failing_calls.py

EXTRA_DIST += tests/faults/kills.py

KILLS = 1000
torture: all tests/faults/failing_calls.so
	@$(AM_TESTS_ENVIRONMENT) GPFC_SANITIZE_FLAGS= $(PYTHON3) $(srcdir)/tests/faults/failing_calls.py 0
	@$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(srcdir)/tests/faults/kills.py $(KILLS)
.PHONY: torture
