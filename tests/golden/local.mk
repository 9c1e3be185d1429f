# SPDX-License-Identifier: MIT
#
# A golden test compares texts of ours with files beside its inputs: list it in golden_tests too, and
# make golden-update writes those files anew.
EXTRA_DIST += tests/golden/json tests/golden/program tests/golden/spec
golden_programs = tests/golden/test_golden_json tests/golden/test_golden_program tests/golden/test_golden_spec
check_PROGRAMS += $(golden_programs)
golden_tests += $(golden_programs)
tests_golden_test_golden_spec_SOURCES = tests/golden/test_golden_spec.c tests/golden/golden.h \
	tests/spec_fixture.h
tests_golden_test_golden_program_SOURCES = tests/golden/test_golden_program.c tests/golden/golden.h
tests_golden_test_golden_json_SOURCES = tests/golden/test_golden_json.c tests/golden/golden.h tests/scratch.h
