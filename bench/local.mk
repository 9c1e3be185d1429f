# SPDX-License-Identifier: MIT
#
# The program of `make bench` and `make bench-sweep`. The scripts for PyTorch are run by hand, since PyTorch
# is not installed everywhere.
bench_gpfc_bench_SOURCES = \
	bench/bench.h \
	bench/bench_case.c \
	bench/bench_check.c \
	bench/bench_data.c \
	bench/bench_history.c \
	bench/bench_load.c \
	bench/bench_main.c \
	bench/bench_nests.c \
	bench/bench_nests.h \
	bench/bench_nests_show.c \
	bench/bench_peer.c \
	bench/bench_picture.c \
	bench/bench_run.c \
	bench/bench_run.h \
	bench/bench_sweep.c \
	bench/bench_sweep.h \
	bench/bench_sweep_show.c \
	bench/bench_time.c
bench_gpfc_bench_CPPFLAGS = $(AM_CPPFLAGS) -DBENCH_CC='"$(GPFC_CC)"' \
	-DBENCH_INCLUDE='"$(abs_top_srcdir)/runtime/include"' \
	-DBENCH_SOURCE='"$(abs_top_srcdir)"' -D_GNU_SOURCE
EXTRA_DIST += bench/base_torch.py bench/generalise.py bench/peer_jax.py bench/peer_torch.py \
	bench/sampling.py bench/time_to_quality.py bench/weighted_rows.py

# The program of `make bench-schedules`.
bench_gpfc_schedules_SOURCES = \
	bench/schedules.c \
	bench/schedules.h \
	bench/schedules_main.c
bench_gpfc_schedules_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
