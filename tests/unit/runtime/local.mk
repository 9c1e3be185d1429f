# SPDX-License-Identifier: MIT
#
# The test of a file of runtime/X is in tests/unit/runtime/X; what stands in for kernels, base flows and data
# is beside the tests of what it stands for.
watched_memory = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=strdup,--wrap=strndup
fake_settings = tests/unit/runtime/kernels/fake_settings.c tests/unit/runtime/kernels/fake_settings.h
fake_bundle = tests/unit/runtime/kernels/fake_bundle.c tests/unit/runtime/kernels/fake_bundle.h \
	tests/unit/runtime/kernels/fake_kernels.h tests/unit/runtime/kernels/fake_base_kernels.h \
	tests/unit/runtime/kernels/fake_ports.h \
	$(fake_settings)
fake_device = tests/unit/runtime/kernels/fake_device.c tests/unit/runtime/kernels/fake_device.h
fake_pairs = tests/unit/runtime/model/fake_pairs.h tests/scratch.h $(fake_bundle)
fake_trainer = tests/unit/runtime/command/fake_trainer.c tests/unit/runtime/command/fake_trainer.h \
	$(fake_pairs)
fake_base = tests/unit/runtime/base/fake_base.c tests/unit/runtime/base/fake_base.h $(fake_settings)
data_fixture = tests/unit/runtime/files/data_fixture.h tests/scratch.h
npz_fixture = tests/unit/runtime/files/npz_fixture.h $(data_fixture)

# ground
check_PROGRAMS += tests/unit/runtime/ground/test_pin
tests_unit_runtime_ground_test_pin_SOURCES = tests/unit/runtime/ground/test_pin.c

# numbers
check_PROGRAMS += tests/unit/runtime/numbers/test_factors tests/unit/runtime/numbers/test_ode \
	tests/unit/runtime/numbers/test_random tests/unit/runtime/numbers/test_rotation \
	tests/unit/runtime/numbers/test_row_weights
tests_unit_runtime_numbers_test_factors_SOURCES = tests/unit/runtime/numbers/test_factors.c
tests_unit_runtime_numbers_test_ode_SOURCES = tests/unit/runtime/numbers/test_ode.c
tests_unit_runtime_numbers_test_random_SOURCES = tests/unit/runtime/numbers/test_random.c
tests_unit_runtime_numbers_test_rotation_SOURCES = tests/unit/runtime/numbers/test_rotation.c
tests_unit_runtime_numbers_test_row_weights_SOURCES = tests/unit/runtime/numbers/test_row_weights.c

# files
check_PROGRAMS += tests/unit/runtime/files/test_csv tests/unit/runtime/files/test_npy \
	tests/unit/runtime/files/test_table \
	tests/unit/runtime/files/test_npz tests/unit/runtime/files/test_npz_place \
	tests/unit/runtime/files/test_safe_file tests/unit/runtime/files/test_safetensors
tests_unit_runtime_files_test_table_SOURCES = tests/unit/runtime/files/test_table.c \
	tests/unit/runtime/files/table_fixture.h $(data_fixture)
tests_unit_runtime_files_test_csv_SOURCES = tests/unit/runtime/files/test_csv.c $(data_fixture)
tests_unit_runtime_files_test_npy_SOURCES = tests/unit/runtime/files/test_npy.c $(data_fixture)
tests_unit_runtime_files_test_npz_SOURCES = tests/unit/runtime/files/test_npz.c $(npz_fixture)
tests_unit_runtime_files_test_npz_place_SOURCES = tests/unit/runtime/files/test_npz_place.c \
	$(data_fixture)
tests_unit_runtime_files_test_safe_file_SOURCES = tests/unit/runtime/files/test_safe_file.c \
	$(data_fixture)
tests_unit_runtime_files_test_safetensors_SOURCES = tests/unit/runtime/files/test_safetensors.c \
	$(data_fixture)
tests_unit_runtime_files_test_safetensors_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read

# parquet; what stands in for the library that reads Parquet is loaded as that is
check_PROGRAMS += tests/unit/runtime/parquet/test_parquet
check_scripts += tests/unit/runtime/parquet/parquet.sh
tests_unit_runtime_parquet_test_parquet_SOURCES = tests/unit/runtime/parquet/test_parquet.c \
	tests/unit/runtime/files/table_fixture.h $(data_fixture)
test_libraries = tests/unit/runtime/parquet/duckdb_standin.so
tests_unit_runtime_parquet_duckdb_standin_so_SOURCES = tests/unit/runtime/parquet/duckdb_standin.c
tests_unit_runtime_parquet_duckdb_standin_so_CFLAGS = $(AM_CFLAGS) -fPIC
tests_unit_runtime_parquet_duckdb_standin_so_LDFLAGS = $(AM_LDFLAGS) -shared
tests_unit_runtime_parquet_duckdb_standin_so_LDADD =

# look
look_fixture = tests/unit/runtime/look/look_fixture.h
check_PROGRAMS += tests/unit/runtime/look/test_look tests/unit/runtime/look/test_look_quiet
tests_unit_runtime_look_test_look_SOURCES = tests/unit/runtime/look/test_look.c $(look_fixture)
tests_unit_runtime_look_test_look_quiet_SOURCES = tests/unit/runtime/look/test_look_quiet.c $(look_fixture)

# data
check_PROGRAMS += tests/unit/runtime/data/test_dequantise \
	tests/unit/runtime/data/test_samples tests/unit/runtime/data/test_samples_memory \
	tests/unit/runtime/data/test_standard tests/unit/runtime/data/test_toys
tests_unit_runtime_data_test_dequantise_SOURCES = tests/unit/runtime/data/test_dequantise.c $(data_fixture)
tests_unit_runtime_data_test_samples_SOURCES = tests/unit/runtime/data/test_samples.c $(npz_fixture)
tests_unit_runtime_data_test_samples_memory_SOURCES = tests/unit/runtime/data/test_samples_memory.c \
	tests/watched_memory.h $(npz_fixture)
tests_unit_runtime_data_test_samples_memory_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)
tests_unit_runtime_data_test_standard_SOURCES = tests/unit/runtime/data/test_standard.c $(data_fixture)
tests_unit_runtime_data_test_toys_SOURCES = tests/unit/runtime/data/test_toys.c $(data_fixture)
EXTRA_DIST += tests/unit/runtime/data/toy_counts.npz

# kernels
check_PROGRAMS += tests/unit/runtime/kernels/test_runner_cpu tests/unit/runtime/kernels/test_kernel_tile
tests_unit_runtime_kernels_test_runner_cpu_SOURCES = tests/unit/runtime/kernels/test_runner_cpu.c \
	$(fake_bundle)
tests_unit_runtime_kernels_test_kernel_tile_SOURCES = tests/unit/runtime/kernels/test_kernel_tile.c

# cuda; the driver is the stand-in of tests/gpu
check_PROGRAMS += tests/unit/runtime/cuda/test_runner_cuda tests/unit/runtime/cuda/test_command_cuda
fake_cuda = tests/unit/runtime/cuda/fake_cuda.c tests/unit/runtime/cuda/fake_cuda.h
tests_unit_runtime_cuda_test_runner_cuda_SOURCES = tests/unit/runtime/cuda/test_runner_cuda.c \
	tests/gpu/in_test.h tests/scratch.h $(fake_cuda) $(fake_bundle)
tests_unit_runtime_cuda_test_command_cuda_SOURCES = tests/unit/runtime/cuda/test_command_cuda.c \
	tests/gpu/in_test.h $(fake_cuda) $(fake_trainer)

# base
check_PROGRAMS += tests/unit/runtime/base/test_base_flow tests/unit/runtime/base/test_mixture
tests_unit_runtime_base_test_base_flow_SOURCES = tests/unit/runtime/base/test_base_flow.c \
	tests/watched_memory.h $(fake_base)
tests_unit_runtime_base_test_base_flow_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)
tests_unit_runtime_base_test_mixture_SOURCES = tests/unit/runtime/base/test_mixture.c $(data_fixture)

# model
check_PROGRAMS += tests/unit/runtime/model/test_data_memory tests/unit/runtime/model/test_evaluate \
	tests/unit/runtime/model/test_pairs
tests_unit_runtime_model_test_data_memory_SOURCES = tests/unit/runtime/model/test_data_memory.c \
	tests/watched_memory.h $(npz_fixture) $(fake_settings)
tests_unit_runtime_model_test_data_memory_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)
tests_unit_runtime_model_test_evaluate_SOURCES = tests/unit/runtime/model/test_evaluate.c $(fake_pairs)
tests_unit_runtime_model_test_pairs_SOURCES = tests/unit/runtime/model/test_pairs.c $(fake_base) \
	$(data_fixture)
check_PROGRAMS += tests/unit/runtime/model/test_settings tests/unit/runtime/model/test_strip
tests_unit_runtime_model_test_strip_SOURCES = tests/unit/runtime/model/test_strip.c $(data_fixture)
tests_unit_runtime_model_test_settings_SOURCES = tests/unit/runtime/model/test_settings.c tests/scratch.h \
	$(fake_bundle)

# optimize
check_PROGRAMS += tests/unit/runtime/optimize/test_adam tests/unit/runtime/optimize/test_optimizer \
	tests/unit/runtime/optimize/test_rate tests/unit/runtime/optimize/test_soap
tests_unit_runtime_optimize_test_adam_SOURCES = tests/unit/runtime/optimize/test_adam.c $(fake_bundle)
tests_unit_runtime_optimize_test_optimizer_SOURCES = \
	tests/unit/runtime/optimize/test_optimizer.c $(fake_bundle)
tests_unit_runtime_optimize_test_rate_SOURCES = tests/unit/runtime/optimize/test_rate.c $(fake_bundle)
tests_unit_runtime_optimize_test_soap_SOURCES = tests/unit/runtime/optimize/test_soap.c $(fake_bundle)

# train
check_PROGRAMS += tests/unit/runtime/train/test_checkpoint tests/unit/runtime/train/test_gpfc_train \
	tests/unit/runtime/train/test_metrics tests/unit/runtime/train/test_time_steps \
	tests/unit/runtime/train/test_train
tests_unit_runtime_train_test_gpfc_train_SOURCES = tests/unit/runtime/train/test_gpfc_train.c \
	$(fake_trainer)
tests_unit_runtime_train_test_checkpoint_SOURCES = tests/unit/runtime/train/test_checkpoint.c \
	$(fake_pairs)
tests_unit_runtime_train_test_metrics_SOURCES = tests/unit/runtime/train/test_metrics.c $(fake_pairs)
tests_unit_runtime_train_test_time_steps_SOURCES = tests/unit/runtime/train/test_time_steps.c \
	$(fake_bundle)
tests_unit_runtime_train_test_train_SOURCES = tests/unit/runtime/train/test_train.c \
	tests/watched_memory.h $(fake_device) $(fake_pairs)
tests_unit_runtime_train_test_train_LDFLAGS = $(AM_LDFLAGS) $(watched_memory)

# command
check_PROGRAMS += tests/unit/runtime/command/test_command_base \
	tests/unit/runtime/command/test_command_check \
	tests/unit/runtime/command/test_command_train tests/unit/runtime/command/test_commands \
	tests/unit/runtime/command/test_progress tests/unit/runtime/command/test_report
tests_unit_runtime_command_test_command_base_SOURCES = tests/unit/runtime/command/test_command_base.c \
	$(fake_trainer)
tests_unit_runtime_command_test_command_check_SOURCES = tests/unit/runtime/command/test_command_check.c \
	$(fake_trainer)
tests_unit_runtime_command_test_command_train_SOURCES = tests/unit/runtime/command/test_command_train.c \
	$(fake_trainer)
tests_unit_runtime_command_test_commands_SOURCES = tests/unit/runtime/command/test_commands.c \
	$(fake_trainer)
tests_unit_runtime_command_test_progress_SOURCES = tests/unit/runtime/command/test_progress.c
tests_unit_runtime_command_test_report_SOURCES = tests/unit/runtime/command/test_report.c $(fake_bundle)
