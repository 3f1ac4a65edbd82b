# Part of Makefile.am: messages in other languages; English is the source. The built tree has them
# where gettext looks below a directory, so that CERTINSTALL_LOCALEDIR=src/words finds them there.
jawordsdir = $(localedir)/ja/LC_MESSAGES
jawords_DATA = src/words/ja/LC_MESSAGES/certinstalld.mo

EXTRA_DIST += src/words/ja.po
CLEANFILES += $(jawords_DATA)

src/words/ja/LC_MESSAGES/certinstalld.mo: $(srcdir)/src/words/ja.po
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(MSGFMT) -c -o $@.part $(srcdir)/src/words/ja.po && mv $@.part $@
