# SPDX-License-Identifier: MIT
#
# A fuzz target is one file with libFuzzer's entry; here it is linked with replay.c, which runs
# tests/fuzz/corpus/NAME:
#   check_PROGRAMS += tests/fuzz/fuzz_name
#   tests_fuzz_fuzz_name_SOURCES = tests/fuzz/fuzz_name.c $(fuzz_replay)
# To fuzz: clang -fsanitize=fuzzer,address,undefined over tests/fuzz/fuzz_name.c and the sources it tests,
# without replay.c.
EXTRA_DIST += tests/fuzz/corpus
fuzz_replay = tests/fuzz/replay.c tests/fuzz/fuzz.h

check_PROGRAMS += tests/fuzz/fuzz_spec
tests_fuzz_fuzz_spec_SOURCES = tests/fuzz/fuzz_spec.c tests/spec_fixture.h $(fuzz_replay)

check_PROGRAMS += tests/fuzz/fuzz_ir
tests_fuzz_fuzz_ir_SOURCES = tests/fuzz/fuzz_ir.c $(fuzz_replay)

check_PROGRAMS += tests/fuzz/fuzz_wisdom
tests_fuzz_fuzz_wisdom_SOURCES = tests/fuzz/fuzz_wisdom.c $(fuzz_replay)

check_PROGRAMS += tests/fuzz/fuzz_csv tests/fuzz/fuzz_npy tests/fuzz/fuzz_npz tests/fuzz/fuzz_safetensors
tests_fuzz_fuzz_csv_SOURCES = tests/fuzz/fuzz_csv.c $(fuzz_replay)
tests_fuzz_fuzz_npy_SOURCES = tests/fuzz/fuzz_npy.c $(fuzz_replay)
tests_fuzz_fuzz_npz_SOURCES = tests/fuzz/fuzz_npz.c $(fuzz_replay)
tests_fuzz_fuzz_safetensors_SOURCES = tests/fuzz/fuzz_safetensors.c $(fuzz_replay)
