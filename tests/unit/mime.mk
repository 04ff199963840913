UNIT_TESTS += test_mime test_mime_text test_mime_html test_mime_limits
test_mime_SOURCES = tests/unit/test_mime.c tests/unit/view_fixture.h
test_mime_LDADD = $(TEST_LIBS)
test_mime_text_SOURCES = tests/unit/test_mime_text.c tests/unit/view_fixture.h
test_mime_text_LDADD = $(TEST_LIBS)
test_mime_html_SOURCES = tests/unit/test_mime_html.c tests/unit/view_fixture.h
test_mime_html_LDADD = $(TEST_LIBS)
test_mime_limits_SOURCES = tests/unit/test_mime_limits.c tests/unit/view_fixture.h
test_mime_limits_LDADD = $(TEST_LIBS)
if HAVE_GMIME
UNIT_TESTS += test_mime_oracle
test_mime_oracle_SOURCES = tests/unit/test_mime_oracle.c tests/unit/view_fixture.h
test_mime_oracle_CPPFLAGS = $(AM_CPPFLAGS) $(GMIME_CFLAGS)
test_mime_oracle_LDADD = $(TEST_LIBS) $(GMIME_LIBS)
endif
