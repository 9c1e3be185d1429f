# SPDX-License-Identifier: MIT
#
# The test of a file of compiler/X is in tests/unit/compiler/X. One test program:
#   check_PROGRAMS += tests/unit/compiler/X/test_part
#   tests_unit_compiler_X_test_part_SOURCES = tests/unit/compiler/X/test_part.c
random_program = tests/property/random_program.c tests/property/random_program.h
vector_math_kernels = tests/unit/compiler/emit_llvm/vector_math_kernels.c \
	tests/unit/compiler/emit_llvm/vector_math_kernels.h

# base
check_PROGRAMS += tests/unit/compiler/base/test_arena tests/unit/compiler/base/test_text
tests_unit_compiler_base_test_arena_SOURCES = tests/unit/compiler/base/test_arena.c
tests_unit_compiler_base_test_text_SOURCES = tests/unit/compiler/base/test_text.c tests/check_arena.h

# spec
check_PROGRAMS += tests/unit/compiler/spec/test_spec tests/unit/compiler/spec/test_spec_memory
tests_unit_compiler_spec_test_spec_SOURCES = tests/unit/compiler/spec/test_spec.c tests/spec_fixture.h
tests_unit_compiler_spec_test_spec_memory_SOURCES = tests/unit/compiler/spec/test_spec_memory.c

# model
check_PROGRAMS += tests/unit/compiler/model/test_base_model tests/unit/compiler/model/test_model
tests_unit_compiler_model_test_base_model_SOURCES = tests/unit/compiler/model/test_base_model.c
tests_unit_compiler_model_test_model_SOURCES = tests/unit/compiler/model/test_model.c \
	tests/spec_fixture.h

# ir
check_PROGRAMS += tests/unit/compiler/ir/test_ir tests/unit/compiler/ir/test_ir_eval \
	tests/unit/compiler/ir/test_ir_text tests/unit/compiler/ir/test_ir_verify
tests_unit_compiler_ir_test_ir_SOURCES = tests/unit/compiler/ir/test_ir.c $(random_program)
tests_unit_compiler_ir_test_ir_eval_SOURCES = tests/unit/compiler/ir/test_ir_eval.c
tests_unit_compiler_ir_test_ir_text_SOURCES = tests/unit/compiler/ir/test_ir_text.c $(random_program)
tests_unit_compiler_ir_test_ir_verify_SOURCES = tests/unit/compiler/ir/test_ir_verify.c $(random_program)

# plan
check_PROGRAMS += tests/unit/compiler/plan/test_nest
tests_unit_compiler_plan_test_nest_SOURCES = tests/unit/compiler/plan/test_nest.c tests/check_arena.h

# sched
check_PROGRAMS += tests/unit/compiler/sched/test_sched_cost tests/unit/compiler/sched/test_sched_space
tests_unit_compiler_sched_test_sched_cost_SOURCES = tests/unit/compiler/sched/test_sched_cost.c \
	tests/check_arena.h tests/spec_fixture.h
tests_unit_compiler_sched_test_sched_space_SOURCES = tests/unit/compiler/sched/test_sched_space.c \
	tests/check_arena.h

# emit_llvm
check_PROGRAMS += tests/unit/compiler/emit_llvm/test_llvm_compat \
	tests/unit/compiler/emit_llvm/test_vector_code tests/unit/compiler/emit_llvm/test_vector_math
tests_unit_compiler_emit_llvm_test_llvm_compat_SOURCES = tests/unit/compiler/emit_llvm/test_llvm_compat.c
tests_unit_compiler_emit_llvm_test_vector_code_SOURCES = tests/unit/compiler/emit_llvm/test_vector_code.c \
	tests/unit/compiler/emit_llvm/vector_math_fixture.h $(vector_math_kernels)
tests_unit_compiler_emit_llvm_test_vector_math_SOURCES = tests/unit/compiler/emit_llvm/test_vector_math.c \
	tests/unit/compiler/emit_llvm/vector_math_fixture.h $(vector_math_kernels)

# tune
check_PROGRAMS += tests/unit/compiler/tune/test_tune tests/unit/compiler/tune/test_wisdom
tests_unit_compiler_tune_test_tune_SOURCES = tests/unit/compiler/tune/test_tune.c
tests_unit_compiler_tune_test_wisdom_SOURCES = tests/unit/compiler/tune/test_wisdom.c tests/scratch.h

# command
check_scripts += tests/unit/compiler/command/command.sh
check_PROGRAMS += tests/unit/compiler/command/test_main_report
tests_unit_compiler_command_test_main_report_SOURCES = tests/unit/compiler/command/test_main_report.c \
	compiler/command/main_report.c compiler/command/main.h
