# SPDX-License-Identifier: MIT
EXTRA_DIST += \
	tests/oracle/convert.py \
	tests/oracle/data/bnaf_eight_gaussians.oracle \
	tests/oracle/data/bnaf_moons.oracle \
	tests/oracle/data/bnaf_random_d5.oracle \
	tests/oracle/data/cpflow_random_d2.oracle \
	tests/oracle/data/cpflow_random_d5.oracle \
	tests/oracle/data/ffjord_random_d2.oracle \
	tests/oracle/data/ffjord_random_d5.oracle \
	tests/oracle/data/gaussian_oracle_d2.oracle \
	tests/oracle/data/gaussian_oracle_d3.oracle \
	tests/oracle/data/gaussian_oracle_d10.oracle \
	tests/oracle/data/gpflow_oracle_d2.oracle \
	tests/oracle/data/gpflow_oracle_d3.oracle \
	tests/oracle/data/gpflow_oracle_d5.oracle \
	tests/oracle/data/gpflow_oracle_d10.oracle

oracle_sources = \
	tests/bindings.c \
	tests/bindings.h \
	tests/oracle/oracle_cases.c \
	tests/oracle/oracle_cases.h \
	tests/oracle/oracle_check.c \
	tests/oracle/oracle_check.h \
	tests/oracle/oracle_compare.c \
	tests/oracle/oracle_compare.h \
	tests/oracle/oracle_file.c \
	tests/oracle/oracle_file.h

check_PROGRAMS += tests/oracle/test_oracle_eval
tests_oracle_test_oracle_eval_SOURCES = tests/oracle/test_oracle_eval.c $(oracle_sources)

base_oracle_sources = $(oracle_sources) tests/oracle/base_cases.c tests/oracle/base_cases.h

check_PROGRAMS += tests/oracle/test_oracle_base
tests_oracle_test_oracle_base_SOURCES = tests/oracle/test_oracle_base.c $(base_oracle_sources)

cp_flow_oracle_sources = $(oracle_sources) tests/oracle/cp_flow_cases.c tests/oracle/cp_flow_cases.h

check_PROGRAMS += tests/oracle/test_oracle_cp_flow
tests_oracle_test_oracle_cp_flow_SOURCES = tests/oracle/test_oracle_cp_flow.c $(cp_flow_oracle_sources)
