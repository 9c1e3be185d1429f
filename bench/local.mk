# SPDX-License-Identifier: MIT
#
# What is timed beside other programs, by hand: they are not there everywhere.
EXTRA_DIST += bench/base_torch.py
