# SPDX-License-Identifier: MIT
#
# Programs compiled and run in the test's process, against the interpreter and published numbers.
compiled = tests/cross/compiled.c tests/cross/compiled.h
check_PROGRAMS += tests/cross/test_compiled
tests_cross_test_compiled_SOURCES = tests/cross/test_compiled.c $(compiled) $(random_program)

check_PROGRAMS += tests/cross/test_clocks
tests_cross_test_clocks_SOURCES = tests/cross/test_clocks.c $(compiled) $(random_program)

check_PROGRAMS += tests/cross/test_nests
tests_cross_test_nests_SOURCES = tests/cross/test_nests.c $(flow_fixture_sources) $(random_program)

check_PROGRAMS += tests/cross/test_oracle_compiled
tests_cross_test_oracle_compiled_SOURCES = tests/cross/test_oracle_compiled.c $(compiled) $(oracle_sources)

check_PROGRAMS += tests/cross/test_oracle_base_compiled
tests_cross_test_oracle_base_compiled_SOURCES = tests/cross/test_oracle_base_compiled.c $(compiled) \
	$(base_oracle_sources)

check_PROGRAMS += tests/cross/test_oracle_cp_flow_compiled
tests_cross_test_oracle_cp_flow_compiled_SOURCES = tests/cross/test_oracle_cp_flow_compiled.c $(compiled) \
	$(cp_flow_oracle_sources)

compiled_base = $(compiled) $(fake_settings) tests/cross/compiled_base.c tests/cross/compiled_base.h
check_PROGRAMS += tests/cross/test_base_flow_compiled
tests_cross_test_base_flow_compiled_SOURCES = tests/cross/test_base_flow_compiled.c $(compiled_base) \
	$(base_oracle_sources)

check_PROGRAMS += tests/cross/test_flow_sizes
tests_cross_test_flow_sizes_SOURCES = tests/cross/test_flow_sizes.c $(compiled) $(flow_fixture_sources)

check_PROGRAMS += tests/cross/test_base_sizes
tests_cross_test_base_sizes_SOURCES = tests/cross/test_base_sizes.c $(compiled) $(base_fixture_sources)

# Code for other machines: its text, and run by an emulator where there is one.
check_scripts += tests/cross/assembly.sh tests/cross/spills.sh tests/cross/neon.sh
EXTRA_DIST += tests/cross/loops.awk tests/cross/run_bundle.c
