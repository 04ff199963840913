libengine_a_SOURCES += \
	%D%/charset.c %D%/charset.h \
	%D%/charset_names.c %D%/charset_names.h \
	%D%/entity.c %D%/entity.h \
	%D%/field.c %D%/field.h \
	%D%/html_element.c %D%/html_element.h \
	%D%/html_entity.c %D%/html_entity.h \
	%D%/html_style.c %D%/html_style.h \
	%D%/html_styles.c \
	%D%/html_token.c %D%/html_token.h \
	%D%/html_view.c %D%/html_view.h \
	%D%/leaf.c %D%/leaf.h \
	%D%/parameter.c %D%/parameter.h \
	%D%/pass.h \
	%D%/transfer.c %D%/transfer.h \
	%D%/url.c %D%/url.h \
	%D%/view.c %D%/view.h \
	%D%/walk.c \
	%D%/words.c %D%/words.h
