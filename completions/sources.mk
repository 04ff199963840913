# Made by mailward --describe; tests/lint/generated.py compares and renews them.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = %D%/_mailward
dist_fishcompletion_DATA = %D%/mailward.fish
dist_man_MANS += doc/mailward.1 doc/mailward-settings.5 doc/mailwardd.8
include doc/commands/sources.mk
EXTRA_DIST += %D%/mailward.bash

# bash looks for a file of the command's name.
install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir)
	$(INSTALL_DATA) $(srcdir)/%D%/mailward.bash $(DESTDIR)$(bashcompletiondir)/mailward

uninstall-hook:
	rm -f $(DESTDIR)$(bashcompletiondir)/mailward
