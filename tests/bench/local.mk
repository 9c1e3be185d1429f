# SPDX-License-Identifier: MIT
#
# Timings, for `make bench`. Programs go into bench_programs, scripts into bench_scripts.
bench_programs += tests/bench/bench_vector_math
tests_bench_bench_vector_math_SOURCES = tests/bench/bench_vector_math.c $(vector_math_kernels)
bench_scripts += tests/bench/bench.sh
EXTRA_DIST += tests/bench/bench.sh
