# SPDX-License-Identifier: MIT
#
# A golden test compares texts of ours with files beside its inputs: list it in golden_tests too, and make golden-update
# writes those files anew.
EXTRA_DIST += tests/golden/spec
check_PROGRAMS += tests/golden/test_golden_spec
golden_tests += tests/golden/test_golden_spec
tests_golden_test_golden_spec_SOURCES = tests/golden/test_golden_spec.c tests/spec_fixture.h
