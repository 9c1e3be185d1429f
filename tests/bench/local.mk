# SPDX-License-Identifier: MIT
#
# Timings, for `make bench`. Programs go into bench_programs.
bench_scripts += tests/bench/bench.sh
EXTRA_DIST += tests/bench/bench.sh
bench_programs += tests/bench/bench_vector_math
tests_bench_bench_vector_math_SOURCES = tests/bench/bench_vector_math.c $(vector_math_kernels)
