# SPDX-License-Identifier: MIT
#
# Takes: the command line of gpfc. Gives: what is printed, and an exit status.
bin_PROGRAMS += gpfc
gpfc_SOURCES = \
	compiler/command/main.c \
	compiler/command/main.h \
	compiler/command/main_report.c \
	compiler/command/main_wisdom.c
gpfc_LDADD = $(compiler_libs)
gpfc_LDFLAGS = $(AM_LDFLAGS) $(HARDEN_LDFLAGS) $(FAULTS_LDFLAGS)
