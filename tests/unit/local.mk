# SPDX-License-Identifier: MIT
#
# One test program:
#   check_PROGRAMS += tests/unit/test_part
#   tests_unit_test_part_SOURCES = tests/unit/test_part.c

check_PROGRAMS += tests/unit/test_llvm_compat
tests_unit_test_llvm_compat_SOURCES = tests/unit/test_llvm_compat.c

check_PROGRAMS += tests/unit/test_arena tests/unit/test_text tests/unit/test_spec tests/unit/test_model
tests_unit_test_arena_SOURCES = tests/unit/test_arena.c
tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_spec_SOURCES = tests/unit/test_spec.c tests/spec_fixture.h
tests_unit_test_model_SOURCES = tests/unit/test_model.c tests/spec_fixture.h
