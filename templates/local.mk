# SPDX-License-Identifier: MIT
#
# Texts that gpfc emits: real files, embedded into the compiler at build time.
embedded_templates = \
	templates/device.cuh.in \
	templates/kernel.cu.in \
	templates/kernels.c.in \
	templates/library.c.in \
	templates/library.h.in \
	runtime/include/gpfc/kernel_abi.h

EXTRA_DIST += templates/embed.sh templates/device.cuh.in templates/kernel.cu.in templates/kernels.c.in \
	templates/library.c.in templates/library.h.in
libgpfc_compiler_a_SOURCES += templates/templates.h
nodist_libgpfc_compiler_a_SOURCES = templates/templates.c
CLEANFILES += templates/templates.c

templates/templates.c: $(embedded_templates) templates/embed.sh
	@$(MKDIR_P) templates
	$(AM_V_GEN)cd $(srcdir) && sh templates/embed.sh $(embedded_templates) \
		> $(abs_builddir)/templates/templates.c.new
	@mv templates/templates.c.new templates/templates.c
