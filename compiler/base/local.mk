# SPDX-License-Identifier: MIT
#
# Takes: bytes. Gives: arenas, texts, files, hashes and messages with file, line and column. Knows nothing
# of flows.
libgpfc_compiler_a_SOURCES += \
	compiler/base/arena.c \
	compiler/base/base.h \
	compiler/base/clock.c \
	compiler/base/clock.h \
	compiler/base/diag.c \
	compiler/base/file.c \
	compiler/base/file.h \
	compiler/base/hash.c \
	compiler/base/nearest.c \
	compiler/base/plain_locale.c \
	compiler/base/plain_locale.h \
	compiler/base/source.c \
	compiler/base/strbuf.c \
	compiler/base/template.c \
	compiler/base/text.c
