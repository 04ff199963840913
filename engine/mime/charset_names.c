/* The table of character set names; aliases that mail programs write, and supersets where the smaller name is
 * commonly a lie (ISO-8859-1 for windows-1252, GB2312 for GB18030). */
#include "engine/mime/charset_names.h"

#include <stdint.h>
#include <stdlib.h>

/* Sorted by name. */
static const struct alias {
    const char *name;
    enum mime_charset charset;
} aliases[] = {
    {"646", MIME_CHARSET_ASCII},
    {"ansi_x3.4-1968", MIME_CHARSET_ASCII},
    {"arabic", MIME_CHARSET_ISO_8859_6},
    {"ascii", MIME_CHARSET_ASCII},
    {"big5", MIME_CHARSET_BIG5},
    {"big5-hkscs", MIME_CHARSET_BIG5},
    {"cn-big5", MIME_CHARSET_BIG5},
    {"cp-1251", MIME_CHARSET_CP1251},
    {"cp-1252", MIME_CHARSET_CP1252},
    {"cp1250", MIME_CHARSET_CP1250},
    {"cp1251", MIME_CHARSET_CP1251},
    {"cp1252", MIME_CHARSET_CP1252},
    {"cp1253", MIME_CHARSET_CP1253},
    {"cp1254", MIME_CHARSET_CP1254},
    {"cp1255", MIME_CHARSET_CP1255},
    {"cp1256", MIME_CHARSET_CP1256},
    {"cp1257", MIME_CHARSET_CP1257},
    {"cp1258", MIME_CHARSET_CP1258},
    {"cp437", MIME_CHARSET_CP437},
    {"cp850", MIME_CHARSET_CP850},
    {"cp852", MIME_CHARSET_CP852},
    {"cp866", MIME_CHARSET_CP866},
    {"cp874", MIME_CHARSET_CP874},
    {"cp932", MIME_CHARSET_SHIFT_JIS},
    {"cp936", MIME_CHARSET_GB18030},
    {"cp949", MIME_CHARSET_EUC_KR},
    {"cp950", MIME_CHARSET_BIG5},
    {"csiso2022jp", MIME_CHARSET_ISO_2022_JP},
    {"cyrillic", MIME_CHARSET_ISO_8859_5},
    {"euc-cn", MIME_CHARSET_GB18030},
    {"euc-jp", MIME_CHARSET_EUC_JP},
    {"euc-kr", MIME_CHARSET_EUC_KR},
    {"eucjp", MIME_CHARSET_EUC_JP},
    {"euckr", MIME_CHARSET_EUC_KR},
    {"gb18030", MIME_CHARSET_GB18030},
    {"gb2312", MIME_CHARSET_GB18030},
    {"gb_2312-80", MIME_CHARSET_GB18030},
    {"gbk", MIME_CHARSET_GB18030},
    {"greek", MIME_CHARSET_ISO_8859_7},
    {"hebrew", MIME_CHARSET_ISO_8859_8},
    {"ibm437", MIME_CHARSET_CP437},
    {"ibm850", MIME_CHARSET_CP850},
    {"ibm852", MIME_CHARSET_CP852},
    {"ibm866", MIME_CHARSET_CP866},
    {"iso-2022-jp", MIME_CHARSET_ISO_2022_JP},
    {"iso-2022-jp-1", MIME_CHARSET_ISO_2022_JP},
    {"iso-2022-jp-2", MIME_CHARSET_ISO_2022_JP},
    {"iso-2022-kr", MIME_CHARSET_ISO_2022_KR},
    {"iso-8859-1", MIME_CHARSET_CP1252},
    {"iso-8859-10", MIME_CHARSET_ISO_8859_10},
    {"iso-8859-11", MIME_CHARSET_CP874},
    {"iso-8859-13", MIME_CHARSET_ISO_8859_13},
    {"iso-8859-14", MIME_CHARSET_ISO_8859_14},
    {"iso-8859-15", MIME_CHARSET_ISO_8859_15},
    {"iso-8859-16", MIME_CHARSET_ISO_8859_16},
    {"iso-8859-2", MIME_CHARSET_ISO_8859_2},
    {"iso-8859-3", MIME_CHARSET_ISO_8859_3},
    {"iso-8859-4", MIME_CHARSET_ISO_8859_4},
    {"iso-8859-5", MIME_CHARSET_ISO_8859_5},
    {"iso-8859-6", MIME_CHARSET_ISO_8859_6},
    {"iso-8859-6-e", MIME_CHARSET_ISO_8859_6},
    {"iso-8859-6-i", MIME_CHARSET_ISO_8859_6},
    {"iso-8859-7", MIME_CHARSET_ISO_8859_7},
    {"iso-8859-8", MIME_CHARSET_ISO_8859_8},
    {"iso-8859-8-e", MIME_CHARSET_ISO_8859_8},
    {"iso-8859-8-i", MIME_CHARSET_ISO_8859_8},
    {"iso-8859-9", MIME_CHARSET_CP1254},
    {"iso646-us", MIME_CHARSET_ASCII},
    {"iso8859-1", MIME_CHARSET_CP1252},
    {"iso8859-10", MIME_CHARSET_ISO_8859_10},
    {"iso8859-11", MIME_CHARSET_CP874},
    {"iso8859-13", MIME_CHARSET_ISO_8859_13},
    {"iso8859-14", MIME_CHARSET_ISO_8859_14},
    {"iso8859-15", MIME_CHARSET_ISO_8859_15},
    {"iso8859-16", MIME_CHARSET_ISO_8859_16},
    {"iso8859-2", MIME_CHARSET_ISO_8859_2},
    {"iso8859-3", MIME_CHARSET_ISO_8859_3},
    {"iso8859-4", MIME_CHARSET_ISO_8859_4},
    {"iso8859-5", MIME_CHARSET_ISO_8859_5},
    {"iso8859-6", MIME_CHARSET_ISO_8859_6},
    {"iso8859-7", MIME_CHARSET_ISO_8859_7},
    {"iso8859-8", MIME_CHARSET_ISO_8859_8},
    {"iso8859-9", MIME_CHARSET_CP1254},
    {"iso_8859-1", MIME_CHARSET_CP1252},
    {"iso_8859-10", MIME_CHARSET_ISO_8859_10},
    {"iso_8859-13", MIME_CHARSET_ISO_8859_13},
    {"iso_8859-14", MIME_CHARSET_ISO_8859_14},
    {"iso_8859-15", MIME_CHARSET_ISO_8859_15},
    {"iso_8859-16", MIME_CHARSET_ISO_8859_16},
    {"iso_8859-2", MIME_CHARSET_ISO_8859_2},
    {"iso_8859-3", MIME_CHARSET_ISO_8859_3},
    {"iso_8859-4", MIME_CHARSET_ISO_8859_4},
    {"iso_8859-5", MIME_CHARSET_ISO_8859_5},
    {"iso_8859-6", MIME_CHARSET_ISO_8859_6},
    {"iso_8859-7", MIME_CHARSET_ISO_8859_7},
    {"iso_8859-8", MIME_CHARSET_ISO_8859_8},
    {"iso_8859-9", MIME_CHARSET_CP1254},
    {"koi8", MIME_CHARSET_KOI8_R},
    {"koi8-r", MIME_CHARSET_KOI8_R},
    {"koi8-ru", MIME_CHARSET_KOI8_U},
    {"koi8-u", MIME_CHARSET_KOI8_U},
    {"koi8r", MIME_CHARSET_KOI8_R},
    {"korean", MIME_CHARSET_EUC_KR},
    {"ks_c_5601", MIME_CHARSET_EUC_KR},
    {"ks_c_5601-1987", MIME_CHARSET_EUC_KR},
    {"ks_c_5601-1989", MIME_CHARSET_EUC_KR},
    {"ksc5601", MIME_CHARSET_EUC_KR},
    {"l1", MIME_CHARSET_CP1252},
    {"l2", MIME_CHARSET_ISO_8859_2},
    {"latin-9", MIME_CHARSET_ISO_8859_15},
    {"latin1", MIME_CHARSET_CP1252},
    {"latin2", MIME_CHARSET_ISO_8859_2},
    {"latin5", MIME_CHARSET_CP1254},
    {"latin9", MIME_CHARSET_ISO_8859_15},
    {"mac", MIME_CHARSET_MACINTOSH},
    {"macintosh", MIME_CHARSET_MACINTOSH},
    {"ms_kanji", MIME_CHARSET_SHIFT_JIS},
    {"shift-jis", MIME_CHARSET_SHIFT_JIS},
    {"shift_jis", MIME_CHARSET_SHIFT_JIS},
    {"sjis", MIME_CHARSET_SHIFT_JIS},
    {"tis-620", MIME_CHARSET_CP874},
    {"ucs-2", MIME_CHARSET_UTF_16},
    {"uhc", MIME_CHARSET_EUC_KR},
    {"unicode-1-1-utf-7", MIME_CHARSET_UTF_7},
    {"unicode-1-1-utf-8", MIME_CHARSET_UTF8},
    {"us-ascii", MIME_CHARSET_ASCII},
    {"utf-16", MIME_CHARSET_UTF_16},
    {"utf-16be", MIME_CHARSET_UTF_16BE},
    {"utf-16le", MIME_CHARSET_UTF_16LE},
    {"utf-7", MIME_CHARSET_UTF_7},
    {"utf-8", MIME_CHARSET_UTF8},
    {"utf16", MIME_CHARSET_UTF_16},
    {"utf8", MIME_CHARSET_UTF8},
    {"win-1251", MIME_CHARSET_CP1251},
    {"windows-1250", MIME_CHARSET_CP1250},
    {"windows-1251", MIME_CHARSET_CP1251},
    {"windows-1252", MIME_CHARSET_CP1252},
    {"windows-1253", MIME_CHARSET_CP1253},
    {"windows-1254", MIME_CHARSET_CP1254},
    {"windows-1255", MIME_CHARSET_CP1255},
    {"windows-1256", MIME_CHARSET_CP1256},
    {"windows-1257", MIME_CHARSET_CP1257},
    {"windows-1258", MIME_CHARSET_CP1258},
    {"windows-31j", MIME_CHARSET_SHIFT_JIS},
    {"windows-874", MIME_CHARSET_CP874},
    {"windows-936", MIME_CHARSET_GB18030},
    {"windows-949", MIME_CHARSET_EUC_KR},
    {"windows1251", MIME_CHARSET_CP1251},
    {"windows1252", MIME_CHARSET_CP1252},
    {"x-cp1250", MIME_CHARSET_CP1250},
    {"x-cp1251", MIME_CHARSET_CP1251},
    {"x-cp1252", MIME_CHARSET_CP1252},
    {"x-cp1253", MIME_CHARSET_CP1253},
    {"x-cp1255", MIME_CHARSET_CP1255},
    {"x-cp1256", MIME_CHARSET_CP1256},
    {"x-cp1257", MIME_CHARSET_CP1257},
    {"x-cp1258", MIME_CHARSET_CP1258},
    {"x-euc-jp", MIME_CHARSET_EUC_JP},
    {"x-gbk", MIME_CHARSET_GB18030},
    {"x-mac-roman", MIME_CHARSET_MACINTOSH},
    {"x-sjis", MIME_CHARSET_SHIFT_JIS},
    {"x-x-big5", MIME_CHARSET_BIG5},
};

enum { NAME_MOST = 32 };

static int compare_alias(const void *key, const void *element)
{
    return strcmp(key, ((const struct alias *)element)->name);
}

enum mime_charset mime_charset_find(struct span name)
{
    char lower[NAME_MOST];
    name = span_trim(name);
    if (name.n >= sizeof lower)
        return MIME_CHARSET_UNKNOWN;
    for (size_t i = 0; i < name.n; i++)
        lower[i] = ascii_lower(name.p[i]);
    lower[name.n] = '\0';
    const struct alias *hit =
        bsearch(lower, aliases, sizeof aliases / sizeof *aliases, sizeof *aliases, compare_alias);
    return hit ? hit->charset : MIME_CHARSET_UNKNOWN;
}

static const struct converter {
    const char *iconv_name;
    bool ascii_superset;
} converters[] = {
#define X(name, iconv_name, ascii) [MIME_CHARSET_##name] = {iconv_name, ascii},
    MIME_CONVERTERS(X)
#undef X
};

const char *mime_charset_iconv_name(enum mime_charset charset)
{
    return converters[charset].iconv_name;
}

bool mime_charset_ascii_superset(enum mime_charset charset)
{
    return converters[charset].ascii_superset;
}
