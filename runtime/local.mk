# SPDX-License-Identifier: MIT
gpfcincludedir = $(includedir)/gpfc
dist_gpfcinclude_HEADERS = runtime/include/gpfc/cpu_name.h runtime/include/gpfc/kernel_abi.h runtime/include/gpfc/runtime.h
libgpfcrt_a_SOURCES += \
	runtime/byte_source.c runtime/byte_source.h \
	runtime/csv.c runtime/csv.h \
	runtime/factors.c runtime/factors.h \
	runtime/fault.c runtime/fault.h runtime/file_map.c runtime/file_map.h \
	runtime/mixture.c runtime/mixture.h runtime/mixture_block.c runtime/mixture_em.c runtime/mixture_em.h \
	runtime/mixture_fit.c runtime/mixture_map.c runtime/mixture_parts.h \
	runtime/normal.c runtime/normal.h \
	runtime/npy.h runtime/npy_format.h runtime/npy_header.c runtime/npy_read.c runtime/npy_write.c \
	runtime/npz.c runtime/npz.h runtime/npz_place.c runtime/npz_place.h \
	runtime/pairs.c runtime/pairs.h \
	runtime/random.c runtime/random.h \
	runtime/safe_file.c runtime/safe_file.h \
	runtime/safetensors.h runtime/safetensors_read.c runtime/safetensors_write.c \
	runtime/samples.c runtime/samples.h runtime/samples_file.c runtime/samples_parts.h \
	runtime/standard.c runtime/standard.h \
	runtime/text_lines.c runtime/text_lines.h \
	runtime/toys.c runtime/toys.h

# A trained base flow, there and back
libgpfcrt_a_SOURCES += \
	runtime/base_flow.c runtime/base_flow.h runtime/base_flow_parts.h \
	runtime/base_flow_bnaf.c runtime/base_flow_ffjord.c runtime/base_flow_newton.c runtime/base_flow_start.c \
	runtime/kernel_rows.c runtime/kernel_rows.h \
	runtime/ode_dopri5.c runtime/ode_dopri5.h

# Training and the trainer's commands
libgpfcrt_a_SOURCES += \
	runtime/adam.c runtime/adam.h \
	runtime/bundle.c runtime/bundle.h \
	runtime/checkpoint.c runtime/checkpoint.h runtime/checkpoint_settings.c runtime/checkpoint_settings.h \
	runtime/command.h runtime/command_apply.c runtime/command_bench.c runtime/command_data.c \
	runtime/command_evaluate.c runtime/command_info.c runtime/command_options.c runtime/command_stage.c \
	runtime/command_stage.h runtime/command_train.c runtime/command_training.c runtime/command_training.h \
	runtime/command_lost_file.c runtime/command_tune.c runtime/commands.c \
	runtime/dense.c runtime/dense.h \
	runtime/density_grid.c runtime/density_grid.h \
	runtime/evaluate.c runtime/evaluate.h runtime/evaluate_base.c runtime/evaluate_base.h \
	runtime/flow.c runtime/flow.h \
	runtime/human.c runtime/human.h \
	runtime/interrupt.c runtime/interrupt.h \
	runtime/kernel_room.c runtime/kernel_room.h runtime/kernel_run.c runtime/kernel_run.h \
	runtime/kernel_sum.c runtime/kernel_sum.h runtime/kernel_tile.c runtime/kernel_tile.h \
	runtime/metrics.c runtime/metrics.h \
	runtime/mixture_base.c runtime/mixture_base.h \
	runtime/parallel.c runtime/parallel.h \
	runtime/peak.c runtime/peak.h runtime/pin.c runtime/pin.h \
	runtime/progress.c runtime/progress.h \
	runtime/rate.c runtime/rate.h \
	runtime/report.c runtime/report.h \
	runtime/row_files.c runtime/row_files.h runtime/rows.c runtime/rows.h \
	runtime/run_folder.c runtime/run_folder.h \
	runtime/settings.c runtime/settings.h \
	runtime/soap.c runtime/soap.h \
	runtime/tensor_list.c runtime/tensor_list.h runtime/time_check.c runtime/time_check.h \
	runtime/time_steps.c runtime/time_steps.h \
	runtime/train.c runtime/train.h runtime/train_new.c runtime/train_parts.h \
	runtime/train_run.c runtime/train_run.h \
	runtime/trainer_main.c \
	runtime/weights.c runtime/weights.h runtime/weights_initial.c
