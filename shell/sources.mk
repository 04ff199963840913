bin_PROGRAMS += mailward
shell_sources = \
	shell/batch.c \
	shell/call.c \
	shell/commit.c \
	shell/complete.c shell/complete.h \
	shell/editor.c shell/editor.h \
	shell/hidden.c shell/hidden.h \
	shell/history.c shell/history.h \
	shell/input.c \
	shell/interrupt.c shell/interrupt.h \
	shell/link.c shell/link.h \
	shell/mode.c \
	shell/options.c shell/options.def shell/options.h \
	shell/output.c \
	shell/output_table.c \
	shell/pager.c shell/pager.h \
	shell/pipeline.c shell/pipeline.h \
	shell/progress.c shell/progress.h \
	shell/reader.c shell/reader.h \
	shell/report.c shell/report.h \
	shell/resize.c shell/resize.h \
	shell/run.c \
	shell/state.h \
	shell/terminal.c \
	shell/typed.c shell/typed.h \
	shell/welcome.c shell/welcome.h \
	shell/words.c shell/words.h \
	shell/writer.c shell/writer.h
mailward_SOURCES = shell/main.c \
	shell/describe.c shell/describe.h shell/describe_forms.h \
	shell/describe_json.c shell/describe_man.c shell/describe_shells.c \
	$(shell_sources)
mailward_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(EDIT_CFLAGS)
mailward_LDADD = libcommands.a libengine.a $(JANSSON_LIBS) $(EXPAT_LIBS) $(EDIT_LIBS)
