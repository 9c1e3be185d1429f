# SPDX-License-Identifier: MIT
#
# Programs that show how gpfc is used, run by `make check`; those for PyTorch by tests of their names in
# tests/system.
examplesdir = $(docdir)/examples
dist_examples_DATA = examples/apply_model.c examples/base_from_torch.py examples/compile_a_spec.c \
	examples/keeps_the_gaussian.c \
	examples/pairs_from_flow.py examples/pairs_from_numpy.py examples/picture_of_a_map.py \
	examples/train_a_model.c
check_scripts += examples/pairs_from_numpy.py examples/run.sh
