# SPDX-License-Identifier: MIT
#
# Timings, for `make bench`. Programs go into bench_programs.
bench_scripts += tests/bench/bench.sh
EXTRA_DIST += tests/bench/bench.sh
