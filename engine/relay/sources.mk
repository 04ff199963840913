libengine_a_SOURCES += \
	%D%/mbox.c %D%/mbox.h \
	%D%/seven_bit.c %D%/seven_bit.h %D%/seven_bit_reader.c \
	%D%/splice.c %D%/splice.h
