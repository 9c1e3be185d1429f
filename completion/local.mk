# SPDX-License-Identifier: MIT
#
# Completion of command lines, where bash and zsh look for it.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = completion/bash/gpfc
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = completion/zsh/_gpfc
