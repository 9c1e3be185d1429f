# SPDX-License-Identifier: MIT
#
# One test program:
#   check_PROGRAMS += tests/unit/test_part
#   tests_unit_test_part_SOURCES = tests/unit/test_part.c

check_PROGRAMS += tests/unit/test_llvm_compat
tests_unit_test_llvm_compat_SOURCES = tests/unit/test_llvm_compat.c

check_PROGRAMS += tests/unit/test_arena tests/unit/test_text tests/unit/test_spec tests/unit/test_model
tests_unit_test_arena_SOURCES = tests/unit/test_arena.c
tests_unit_test_text_SOURCES = tests/unit/test_text.c tests/check_arena.h
tests_unit_test_spec_SOURCES = tests/unit/test_spec.c tests/spec_fixture.h
tests_unit_test_model_SOURCES = tests/unit/test_model.c tests/spec_fixture.h

watched_memory = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=strdup,--wrap=strndup

# The runtime's training half, on bundles written by hand
fake_bundle = tests/unit/fake_bundle.c tests/unit/fake_bundle.h tests/unit/fake_kernels.h \
	tests/unit/fake_base_kernels.h
check_PROGRAMS += tests/unit/test_soap
tests_unit_test_soap_SOURCES = tests/unit/test_soap.c $(fake_bundle)
check_PROGRAMS += tests/unit/test_adam tests/unit/test_rate tests/unit/test_kernel_run tests/unit/test_train \
	tests/unit/test_checkpoint tests/unit/test_evaluate tests/unit/test_progress \
	tests/unit/test_kernel_tile tests/unit/test_pin tests/unit/test_time_steps
tests_unit_test_kernel_tile_SOURCES = tests/unit/test_kernel_tile.c
tests_unit_test_pin_SOURCES = tests/unit/test_pin.c
tests_unit_test_time_steps_SOURCES = tests/unit/test_time_steps.c $(fake_bundle)
tests_unit_test_adam_SOURCES = tests/unit/test_adam.c $(fake_bundle)
tests_unit_test_rate_SOURCES = tests/unit/test_rate.c $(fake_bundle)
tests_unit_test_kernel_run_SOURCES = tests/unit/test_kernel_run.c $(fake_bundle)
tests_unit_test_train_SOURCES = tests/unit/test_train.c tests/unit/watched_memory.h tests/unit/fake_pairs.h \
	tests/unit/scratch.h $(fake_bundle)
tests_unit_test_train_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)
tests_unit_test_checkpoint_SOURCES = tests/unit/test_checkpoint.c tests/unit/fake_pairs.h tests/unit/scratch.h \
	$(fake_bundle)
fake_trainer = tests/unit/fake_trainer.c tests/unit/fake_trainer.h tests/unit/fake_pairs.h tests/unit/scratch.h \
	$(fake_bundle)
check_PROGRAMS += tests/unit/test_commands tests/unit/test_command_train tests/unit/test_command_base
tests_unit_test_commands_SOURCES = tests/unit/test_commands.c $(fake_trainer)
tests_unit_test_command_train_SOURCES = tests/unit/test_command_train.c $(fake_trainer)
tests_unit_test_command_base_SOURCES = tests/unit/test_command_base.c $(fake_trainer)
tests_unit_test_progress_SOURCES = tests/unit/test_progress.c
tests_unit_test_evaluate_SOURCES = tests/unit/test_evaluate.c tests/unit/fake_pairs.h tests/unit/scratch.h \
	$(fake_bundle)

# A trained base flow, on maps written by hand
check_PROGRAMS += tests/unit/test_ode tests/unit/test_base_flow
tests_unit_test_ode_SOURCES = tests/unit/test_ode.c
tests_unit_test_base_flow_SOURCES = tests/unit/test_base_flow.c tests/unit/watched_memory.h tests/unit/fake_base.c \
	tests/unit/fake_base.h
tests_unit_test_base_flow_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)

check_scripts += tests/unit/command.sh
check_PROGRAMS += tests/unit/test_spec_memory
tests_unit_test_spec_memory_SOURCES = tests/unit/test_spec_memory.c
check_PROGRAMS += tests/unit/test_base_model
tests_unit_test_base_model_SOURCES = tests/unit/test_base_model.c

random_program = tests/property/random_program.c tests/property/random_program.h
check_PROGRAMS += tests/unit/test_ir tests/unit/test_ir_eval tests/unit/test_ir_text tests/unit/test_ir_verify
tests_unit_test_ir_SOURCES = tests/unit/test_ir.c $(random_program)
tests_unit_test_ir_eval_SOURCES = tests/unit/test_ir_eval.c
tests_unit_test_ir_text_SOURCES = tests/unit/test_ir_text.c $(random_program)
tests_unit_test_ir_verify_SOURCES = tests/unit/test_ir_verify.c $(random_program)

# Data, models and random numbers
data_fixture = tests/unit/data_fixture.h tests/unit/scratch.h
check_PROGRAMS += tests/unit/test_safe_file tests/unit/test_npy
tests_unit_test_safe_file_SOURCES = tests/unit/test_safe_file.c $(data_fixture)
tests_unit_test_npy_SOURCES = tests/unit/test_npy.c $(data_fixture)
check_PROGRAMS += tests/unit/test_npz tests/unit/test_pairs tests/unit/test_safetensors
tests_unit_test_npz_SOURCES = tests/unit/test_npz.c tests/unit/npz_fixture.h $(data_fixture)
check_PROGRAMS += tests/unit/test_npz_place
tests_unit_test_npz_place_SOURCES = tests/unit/test_npz_place.c $(data_fixture)
tests_unit_test_pairs_SOURCES = tests/unit/test_pairs.c tests/unit/fake_base.c tests/unit/fake_base.h \
	$(data_fixture)
tests_unit_test_safetensors_SOURCES = tests/unit/test_safetensors.c $(data_fixture)
check_PROGRAMS += tests/unit/test_csv tests/unit/test_samples tests/unit/test_samples_memory tests/unit/test_standard
tests_unit_test_csv_SOURCES = tests/unit/test_csv.c $(data_fixture)
tests_unit_test_samples_SOURCES = tests/unit/test_samples.c tests/unit/npz_fixture.h $(data_fixture)
tests_unit_test_samples_memory_SOURCES = tests/unit/test_samples_memory.c tests/unit/watched_memory.h \
	tests/unit/npz_fixture.h $(data_fixture)
tests_unit_test_samples_memory_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)
tests_unit_test_standard_SOURCES = tests/unit/test_standard.c $(data_fixture)
check_PROGRAMS += tests/unit/test_random tests/unit/test_toys
tests_unit_test_random_SOURCES = tests/unit/test_random.c
tests_unit_test_toys_SOURCES = tests/unit/test_toys.c $(data_fixture)
EXTRA_DIST += tests/unit/toy_counts.npz
check_PROGRAMS += tests/unit/test_factors
tests_unit_test_factors_SOURCES = tests/unit/test_factors.c
check_PROGRAMS += tests/unit/test_mixture
tests_unit_test_mixture_SOURCES = tests/unit/test_mixture.c $(data_fixture)
check_PROGRAMS += tests/unit/test_data_memory
tests_unit_test_data_memory_SOURCES = tests/unit/test_data_memory.c tests/unit/watched_memory.h \
	tests/unit/npz_fixture.h $(data_fixture)
tests_unit_test_data_memory_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)

# Tuning
check_PROGRAMS += tests/unit/test_tune tests/unit/test_wisdom
tests_unit_test_tune_SOURCES = tests/unit/test_tune.c
tests_unit_test_wisdom_SOURCES = tests/unit/test_wisdom.c tests/unit/scratch.h

# Vector functions in machine code
vector_math_kernels = tests/unit/vector_math_kernels.c tests/unit/vector_math_kernels.h
check_PROGRAMS += tests/unit/test_vector_math tests/unit/test_vector_code
tests_unit_test_vector_math_SOURCES = tests/unit/test_vector_math.c tests/unit/vector_math_fixture.h \
	$(vector_math_kernels)
tests_unit_test_vector_code_SOURCES = tests/unit/test_vector_code.c tests/unit/vector_math_fixture.h \
	$(vector_math_kernels)

# Schedules
check_PROGRAMS += tests/unit/test_sched_space tests/unit/test_sched_cost
tests_unit_test_sched_space_SOURCES = tests/unit/test_sched_space.c tests/check_arena.h
tests_unit_test_sched_cost_SOURCES = tests/unit/test_sched_cost.c tests/check_arena.h tests/spec_fixture.h
