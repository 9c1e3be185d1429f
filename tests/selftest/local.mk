# SPDX-License-Identifier: MIT
#
# Tests of the tree itself, and of the tests.
check_PROGRAMS += tests/selftest/test_check
tests_selftest_test_check_SOURCES = tests/selftest/test_check.c
check_scripts += tests/selftest/includes.sh tests/selftest/lines.sh tests/selftest/listed.sh \
	tests/selftest/symbols.sh
