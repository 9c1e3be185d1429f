# SPDX-License-Identifier: MIT
EXTRA_DIST += tests/check.h tests/check_arena.h tests/comma_locale.h tests/draw.h tests/network.h \
	tests/scratch.h tests/watched_memory.h

# With --enable-faults calls of gpfc and of trainers can be made to fail (tests/system/faults.c);
# tests/system/faults.sh does that.
EXTRA_DIST += tests/system/faults.c
check_scripts += tests/system/faults.sh
if FAULTS
gpfc_SOURCES += tests/system/faults.c
libgpfcrt_a_SOURCES += tests/system/faults.c
endif
EXTRA_DIST += tests/tsan.supp
