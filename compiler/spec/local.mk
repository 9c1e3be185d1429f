# SPDX-License-Identifier: MIT
#
# Takes: the text of a spec. Gives: its values, each with its place, and all faults of the text. One table
# of keys.
libgpfc_compiler_a_SOURCES += \
	compiler/spec/spec.h \
	compiler/spec/spec_choices.def \
	compiler/spec/spec_field.c \
	compiler/spec/spec_help.c \
	compiler/spec/spec_keys.def \
	compiler/spec/spec_number.c \
	compiler/spec/spec_read.c \
	compiler/spec/spec_table.c \
	compiler/spec/spec_tree.c \
	compiler/spec/spec_tree.h \
	compiler/spec/spec_values.c

# The keys and words that the runtime may ask a bundle for.
EXTRA_DIST += compiler/spec/spec_settings.in
BUILT_SOURCES += generated/gpfc/settings.def
CLEANFILES += generated/gpfc/settings.def

generated/gpfc/settings.def: compiler/spec/spec_settings.in compiler/spec/spec_keys.def \
	compiler/spec/spec_choices.def
	@$(MKDIR_P) generated/gpfc
	$(AM_V_GEN)$(CC) -E -P -x c -I$(srcdir)/compiler $(srcdir)/compiler/spec/spec_settings.in > $@.new
	@mv $@.new $@
