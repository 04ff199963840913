# The view of any bytes.
FUZZ_TARGETS += fuzz_mime
fuzz_mime_SOURCES = %D%/fuzz_mime.c
fuzz_mime_LDADD = $(FUZZ_LIBS) libengine.a
fuzz_mime_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)

# Messages for next hops without 8BITMIME.
FUZZ_TARGETS += fuzz_seven_bit
fuzz_seven_bit_SOURCES = %D%/fuzz_seven_bit.c
fuzz_seven_bit_LDADD = $(FUZZ_LIBS) libengine.a
fuzz_seven_bit_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)

# The decoders of mail, each by itself.
FUZZ_TARGETS += fuzz_decode
fuzz_decode_SOURCES = %D%/fuzz_decode.c
fuzz_decode_LDADD = $(FUZZ_LIBS) libengine.a
fuzz_decode_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
