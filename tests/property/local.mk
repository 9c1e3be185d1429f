# SPDX-License-Identifier: MIT

flow_fixture_sources = \
	tests/bindings.c \
	tests/bindings.h \
	tests/property/flow_fixture.c \
	tests/property/flow_fixture.h

check_PROGRAMS += tests/property/test_flow
tests_property_test_flow_SOURCES = tests/property/test_flow.c $(flow_fixture_sources)
