# SPDX-License-Identifier: MIT
EXTRA_DIST += \
	tests/oracle/convert.py \
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
	tests/oracle/oracle_compare.c \
	tests/oracle/oracle_compare.h \
	tests/oracle/oracle_file.c \
	tests/oracle/oracle_file.h

check_PROGRAMS += tests/oracle/test_oracle_eval
tests_oracle_test_oracle_eval_SOURCES = tests/oracle/test_oracle_eval.c $(oracle_sources)
