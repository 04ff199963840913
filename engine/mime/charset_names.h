/* The names that mail uses for character sets, and which converter each means. */
#ifndef MIME_CHARSET_NAMES_H
#define MIME_CHARSET_NAMES_H

#include <stdbool.h>

#include "engine/base/span.h"

/* One per converter.  ISO-2022-CN-EXT is left out on purpose: its converter had a memory error, and nobody
 * needs it. */
#define MIME_CONVERTERS(X)                                                                                   \
    X(ISO_8859_2, "ISO-8859-2", true)                                                                        \
    X(ISO_8859_3, "ISO-8859-3", true)                                                                        \
    X(ISO_8859_4, "ISO-8859-4", true)                                                                        \
    X(ISO_8859_5, "ISO-8859-5", true)                                                                        \
    X(ISO_8859_6, "ISO-8859-6", true)                                                                        \
    X(ISO_8859_7, "ISO-8859-7", true)                                                                        \
    X(ISO_8859_8, "ISO-8859-8", true)                                                                        \
    X(ISO_8859_10, "ISO-8859-10", true)                                                                      \
    X(ISO_8859_13, "ISO-8859-13", true)                                                                      \
    X(ISO_8859_14, "ISO-8859-14", true)                                                                      \
    X(ISO_8859_15, "ISO-8859-15", true)                                                                      \
    X(ISO_8859_16, "ISO-8859-16", true)                                                                      \
    X(CP874, "CP874", true)                                                                                  \
    X(CP1250, "CP1250", true)                                                                                \
    X(CP1251, "CP1251", true)                                                                                \
    X(CP1252, "CP1252", true)                                                                                \
    X(CP1253, "CP1253", true)                                                                                \
    X(CP1254, "CP1254", true)                                                                                \
    X(CP1255, "CP1255", true)                                                                                \
    X(CP1256, "CP1256", true)                                                                                \
    X(CP1257, "CP1257", true)                                                                                \
    X(CP1258, "CP1258", true)                                                                                \
    X(CP437, "CP437", true)                                                                                  \
    X(CP850, "CP850", true)                                                                                  \
    X(CP852, "CP852", true)                                                                                  \
    X(CP866, "CP866", true)                                                                                  \
    X(KOI8_R, "KOI8-R", true)                                                                                \
    X(KOI8_U, "KOI8-U", true)                                                                                \
    X(MACINTOSH, "MACINTOSH", true)                                                                          \
    X(GB18030, "GB18030", true)                                                                              \
    X(BIG5, "BIG5-HKSCS", true)                                                                              \
    X(EUC_JP, "EUC-JP", true)                                                                                \
    X(SHIFT_JIS, "CP932", true)                                                                              \
    X(ISO_2022_JP, "ISO-2022-JP-2", false)                                                                   \
    X(EUC_KR, "UHC", true)                                                                                   \
    X(ISO_2022_KR, "ISO-2022-KR", false)                                                                     \
    X(UTF_7, "UTF-7", false)                                                                                 \
    X(UTF_16, "UTF-16", false)                                                                               \
    X(UTF_16BE, "UTF-16BE", false)                                                                           \
    X(UTF_16LE, "UTF-16LE", false)

enum mime_charset {
    MIME_CHARSET_ASCII, /* and whatever was not declared */
    MIME_CHARSET_UTF8,
    MIME_CHARSET_FIRST_CONVERTED,
    MIME_CHARSET_BEFORE_CONVERTED = MIME_CHARSET_FIRST_CONVERTED - 1,
#define X(name, iconv_name, ascii) MIME_CHARSET_##name,
    MIME_CONVERTERS(X)
#undef X
        MIME_CHARSETS,
    MIME_CHARSET_UNKNOWN = MIME_CHARSETS
};

/* The character set of that name, case ignored, or MIME_CHARSET_UNKNOWN. */
enum mime_charset mime_charset_find(struct span name);

const char *mime_charset_iconv_name(enum mime_charset charset);
/* Are all bytes below 128 ASCII characters, wherever they stand alone? */
bool mime_charset_ascii_superset(enum mime_charset charset);

#endif
