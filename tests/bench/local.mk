# SPDX-License-Identifier: MIT
#
# Timings, for `make bench`, beside bench/gpfc-bench.
timing_programs += tests/bench/bench_vector_math
tests_bench_bench_vector_math_SOURCES = tests/bench/bench_vector_math.c $(vector_math_kernels)
