# SPDX-License-Identifier: MIT
#
# A fuzz target is one file with libFuzzer's entry; here it is linked with replay.c, which runs
# tests/fuzz/corpus/NAME:
#   fuzz_programs += tests/fuzz/fuzz_name
#   tests_fuzz_fuzz_name_SOURCES = tests/fuzz/fuzz_name.c $(fuzz_replay)
#   tests_fuzz_fuzz_name_LDADD = $(fuzz_libs)
# `make fuzz` builds them with libFuzzer instead, in a folder of its own (--enable-fuzz), and runs them:
#   make fuzz FUZZ_TARGET="csv npz" FUZZ_SECONDS=600      these two, ten minutes each
#   make fuzz FUZZ_RUNS=1000000                           all, a million inputs each
fuzz_programs =
check_PROGRAMS += $(fuzz_programs)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/coverage.sh tests/fuzz/fuzz.sh
if FUZZ
fuzz_replay = tests/fuzz/fuzz.h
else
fuzz_replay = tests/fuzz/replay.c tests/fuzz/fuzz.h
endif
EXTRA_DIST += tests/fuzz/replay.c
fuzz_libs = $(LDADD) $(FUZZ_LDFLAGS)
memory_file = tests/fuzz/memory_file.c tests/fuzz/memory_file.h tests/scratch.h
read_table = tests/fuzz/read_table.c tests/fuzz/read_table.h $(memory_file)
mutate_safetensors = tests/fuzz/mutate_safetensors.c tests/fuzz/mutate.h
mutate_zip = tests/fuzz/mutate_zip.c tests/fuzz/mutate.h

# The compiler's inputs
fuzz_programs += tests/fuzz/fuzz_spec
tests_fuzz_fuzz_spec_SOURCES = tests/fuzz/fuzz_spec.c tests/spec_fixture.h $(fuzz_replay)
tests_fuzz_fuzz_spec_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_ir
tests_fuzz_fuzz_ir_SOURCES = tests/fuzz/fuzz_ir.c $(fuzz_replay)
tests_fuzz_fuzz_ir_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_wisdom
tests_fuzz_fuzz_wisdom_SOURCES = tests/fuzz/fuzz_wisdom.c $(fuzz_replay)
tests_fuzz_fuzz_wisdom_LDADD = $(fuzz_libs)

compile = tests/fuzz/compile.c tests/fuzz/compile.h
fuzz_programs += tests/fuzz/fuzz_compile_ir
tests_fuzz_fuzz_compile_ir_SOURCES = tests/fuzz/fuzz_compile_ir.c $(compile) $(memory_file) $(fuzz_replay)
tests_fuzz_fuzz_compile_ir_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_compile_spec
tests_fuzz_fuzz_compile_spec_SOURCES = tests/fuzz/fuzz_compile_spec.c tests/spec_fixture.h $(compile) \
	$(memory_file) $(fuzz_replay)
tests_fuzz_fuzz_compile_spec_LDADD = $(fuzz_libs)

check_scripts += tests/fuzz/options_of_gpfc.py

# A trainer's words, and the files that it reads
fuzz_programs += tests/fuzz/fuzz_options
tests_fuzz_fuzz_options_SOURCES = tests/fuzz/fuzz_options.c $(fuzz_replay)
tests_fuzz_fuzz_options_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_metrics
tests_fuzz_fuzz_metrics_SOURCES = tests/fuzz/fuzz_metrics.c $(memory_file) $(fuzz_replay)
tests_fuzz_fuzz_metrics_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_csv
tests_fuzz_fuzz_csv_SOURCES = tests/fuzz/fuzz_csv.c $(read_table) $(fuzz_replay)
tests_fuzz_fuzz_csv_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_npy
tests_fuzz_fuzz_npy_SOURCES = tests/fuzz/fuzz_npy.c $(fuzz_replay)
tests_fuzz_fuzz_npy_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_npz
tests_fuzz_fuzz_npz_SOURCES = tests/fuzz/fuzz_npz.c $(read_table) $(mutate_zip) $(fuzz_replay)
tests_fuzz_fuzz_npz_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_safetensors
tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c $(mutate_safetensors) $(fuzz_replay)
tests_fuzz_fuzz_safetensors_LDADD = $(fuzz_libs)

# Models and checkpoints of a trainer, one for each base flow. Where their form changes, seeds.sh makes the
# corpora anew.
EXTRA_DIST += tests/fuzz/seeds.sh tests/fuzz/models/pairs.yaml tests/fuzz/models/mixture.yaml \
	tests/fuzz/models/bnaf.yaml tests/fuzz/models/ffjord.yaml tests/fuzz/models/cp_flow.yaml
fuzz_model = tests/fuzz/fuzz_model.c tests/fuzz/fuzz_bundle.c tests/fuzz/fuzz_bundle.h \
	$(memory_file) $(mutate_safetensors) $(fuzz_replay)
fuzz_programs += tests/fuzz/fuzz_resume
tests_fuzz_fuzz_resume_SOURCES = tests/fuzz/fuzz_resume.c tests/fuzz/fuzz_bundle.c tests/fuzz/fuzz_bundle.h \
	$(memory_file) $(mutate_safetensors) $(fuzz_replay)
tests_fuzz_fuzz_resume_LDADD = $(fuzz_libs)

fuzz_programs += tests/fuzz/fuzz_model_pairs
tests_fuzz_fuzz_model_pairs_SOURCES = $(fuzz_model)
tests_fuzz_fuzz_model_pairs_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_model_pairs_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_SPEC='"tests/fuzz/models/pairs.yaml"'

fuzz_programs += tests/fuzz/fuzz_model_mixture
tests_fuzz_fuzz_model_mixture_SOURCES = $(fuzz_model)
tests_fuzz_fuzz_model_mixture_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_model_mixture_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_SPEC='"tests/fuzz/models/mixture.yaml"'

fuzz_programs += tests/fuzz/fuzz_model_bnaf
tests_fuzz_fuzz_model_bnaf_SOURCES = $(fuzz_model)
tests_fuzz_fuzz_model_bnaf_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_model_bnaf_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_SPEC='"tests/fuzz/models/bnaf.yaml"'

fuzz_programs += tests/fuzz/fuzz_model_ffjord
tests_fuzz_fuzz_model_ffjord_SOURCES = $(fuzz_model)
tests_fuzz_fuzz_model_ffjord_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_model_ffjord_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_SPEC='"tests/fuzz/models/ffjord.yaml"'

fuzz_programs += tests/fuzz/fuzz_model_cp_flow
tests_fuzz_fuzz_model_cp_flow_SOURCES = $(fuzz_model)
tests_fuzz_fuzz_model_cp_flow_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_model_cp_flow_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_SPEC='"tests/fuzz/models/cp_flow.yaml"'

# Readers under clang's memory sanitizer.
EXTRA_DIST += tests/fuzz/msan.sh
check-msan: all
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/fuzz/msan.sh
.PHONY: check-msan
