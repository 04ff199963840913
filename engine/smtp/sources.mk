# Parsers and formats of SMTP, shared by listener and client.
libengine_a_SOURCES += \
	%D%/address.c %D%/address.h \
	%D%/address_range.c %D%/address_range.h \
	%D%/answer.c %D%/answer.h %D%/answers.def \
	%D%/command.c %D%/command.h \
	%D%/data_decoder.c %D%/data_decoder.h \
	%D%/data_encoder.c %D%/data_encoder.h \
	%D%/date.c %D%/date.h \
	%D%/dsn.c %D%/dsn.h \
	%D%/header_capture.c %D%/header_capture.h \
	%D%/reply.c %D%/reply.h
