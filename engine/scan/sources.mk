# Sources of this folder.
libengine_a_SOURCES += \
	%D%/domain.c %D%/domain.h \
	%D%/example.c %D%/example.h \
	%D%/facts.c %D%/facts.h \
	%D%/feature_body.c \
	%D%/feature_headers.c \
	%D%/feature_relations.c \
	%D%/feature_sink.c %D%/feature_sink.h \
	%D%/feature_sizes.c \
	%D%/features.c %D%/features.h \
	%D%/graymail.c %D%/graymail.h \
	%D%/hash.h \
	%D%/known_senders.c %D%/known_senders.h \
	%D%/learned.c %D%/learned.h \
	%D%/literal_search.c %D%/literal_search.h \
	%D%/model.c %D%/model.h \
	%D%/model_file.c %D%/model_file.h \
	%D%/rule_files.c \
	%D%/rule_literals.c %D%/rule_literals.h \
	%D%/rule_meta.c %D%/rule_meta.h \
	%D%/rule_pass.c \
	%D%/rule_scopes.c %D%/rule_scopes.h \
	%D%/rule_set.h \
	%D%/rule_text.c %D%/rule_text.h \
	%D%/rules.c %D%/rules.h \
	%D%/score.c %D%/score.h
dist_pkgdata_DATA += engine/data/spam.model

# Programs of the build tree look for it beside themselves.
all-local: spam.model rules/stamp
spam.model: engine/data/spam.model
	$(AM_V_GEN)cp $(srcdir)/engine/data/spam.model $@
CLEANFILES += spam.model
shipped_rules = \
	engine/data/rules/advance-fee.rules \
	engine/data/rules/attachments.rules \
	engine/data/rules/graymail-words.rules \
	engine/data/rules/graymail.rules \
	engine/data/rules/lists.rules \
	engine/data/rules/mail-services.senders \
	engine/data/rules/offers.rules \
	engine/data/rules/phishing.rules \
	engine/data/rules/social-networks.senders \
	engine/data/rules/structure.rules
rulesdir = $(pkgdatadir)/rules
dist_rules_DATA = $(shipped_rules)
rules/stamp: $(shipped_rules)
	$(AM_V_GEN)$(MKDIR_P) rules && rm -f rules/*.rules rules/*.senders && \
		for file in $(shipped_rules); do cp $(srcdir)/$$file rules/ || exit 1; done && touch $@
clean-local: clean-rules
clean-rules:
	rm -rf rules
.PHONY: clean-rules

EXTRA_DIST += engine/data/README.md
