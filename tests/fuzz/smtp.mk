# Fuzz target of everything that reads SMTP.
FUZZ_TARGETS += fuzz_smtp
fuzz_smtp_SOURCES = %D%/fuzz_smtp.c
fuzz_smtp_LDADD = $(FUZZ_LIBS) libengine.a
fuzz_smtp_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)

# Answers of name servers.
FUZZ_TARGETS += fuzz_dns
fuzz_dns_SOURCES = %D%/fuzz_dns.c daemon/smtp/dns_answer.c
fuzz_dns_LDADD = $(FUZZ_LIBS) libengine.a
fuzz_dns_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
