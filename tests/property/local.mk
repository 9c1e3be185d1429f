# SPDX-License-Identifier: MIT

flow_fixture_sources = \
	tests/bindings.c \
	tests/bindings.h \
	tests/property/flow_fixture.c \
	tests/property/flow_fixture.h

check_PROGRAMS += tests/property/test_flow tests/property/test_flow_loss
tests_property_test_flow_SOURCES = tests/property/test_flow.c $(flow_fixture_sources)
tests_property_test_flow_loss_SOURCES = tests/property/test_flow_loss.c $(flow_fixture_sources)

diff_fixture_sources = \
	tests/property/diff_fixture.c \
	tests/property/diff_fixture.h \
	tests/property/random_program.c \
	tests/property/random_program.h

check_PROGRAMS += tests/property/test_diff tests/property/test_diff_random tests/property/test_pass
tests_property_test_diff_SOURCES = tests/property/test_diff.c $(diff_fixture_sources)
tests_property_test_diff_random_SOURCES = tests/property/test_diff_random.c $(diff_fixture_sources)
tests_property_test_pass_SOURCES = tests/property/test_pass.c $(diff_fixture_sources)

check_PROGRAMS += tests/property/test_reuse
tests_property_test_reuse_SOURCES = tests/property/test_reuse.c $(diff_fixture_sources)

check_PROGRAMS += tests/property/test_automatic_steps
tests_property_test_automatic_steps_SOURCES = tests/property/test_automatic_steps.c $(flow_fixture_sources)

check_PROGRAMS += tests/property/test_counts
tests_property_test_counts_SOURCES = tests/property/test_counts.c $(flow_fixture_sources)

base_fixture_sources = $(flow_fixture_sources) tests/property/base_fixture.c tests/property/base_fixture.h
check_PROGRAMS += tests/property/test_baseflow tests/property/test_cp_flow
base_differences_sources = $(base_fixture_sources) tests/property/base_differences.c \
	tests/property/base_differences.h
tests_property_test_baseflow_SOURCES = tests/property/test_baseflow.c $(base_differences_sources)
tests_property_test_cp_flow_SOURCES = tests/property/test_cp_flow.c $(base_differences_sources)

check_PROGRAMS += tests/property/test_ode
tests_property_test_ode_SOURCES = tests/property/test_ode.c tests/bindings.c tests/bindings.h
