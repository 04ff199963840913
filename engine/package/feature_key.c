/* Feature keys: nothing in a line counts before its signature was found good. */
#define _GNU_SOURCE /* timegm, strptime */
#include "engine/package/feature_key.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/package/signed_text.h"

#define DAY_US (86400 * INT64_C(1000000))

static const struct span KIND = {"mailward-feature-key 1", 22};
static const struct span PERPETUAL = {"perpetual", 9};

/* ---- its values ---- */

/* YYYY-MM-DD and nothing else; the moment at which that day begins, UTC. */
static bool parse_day(struct span text, int64_t *moment)
{
    struct tm day = {0};
    char copy[11], usual[16];
    if (text.n != sizeof copy - 1)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    const char *end = strptime(copy, "%Y-%m-%d", &day);
    if (!end || *end)
        return false;
    time_t seconds = timegm(&day);
    *moment = (int64_t)seconds * 1000000;
    return gmtime_r(&seconds, &day) && strftime(usual, sizeof usual, "%Y-%m-%d", &day) == text.n &&
           memcmp(usual, copy, text.n) == 0;
}

static bool parse_days(struct span text, int64_t begins, int64_t *ends)
{
    uint64_t days;
    *ends = FEATURE_ENDS_NEVER;
    if (span_equal(text, PERPETUAL))
        return true;
    if (!span_parse_u64(text, &days) || days == 0 || days > FEATURE_DAYS_MAX)
        return false;
    *ends = begins + (int64_t)days * DAY_US;
    return true;
}

static bool take_name(struct span text, char *out, size_t size)
{
    if (!signed_text_is_name(text) || text.n >= size)
        return false;
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

/* The value of the next line, which has this word. */
static bool take_line(struct span *lines, struct span word, struct span *value)
{
    struct span words[SIGNED_WORDS_MAX];
    if (signed_text_words(lines, words) != 2 || !span_equal(words[0], word))
        return false;
    *value = words[1];
    return true;
}

static bool read_lines(struct span lines, struct feature_key *key)
{
    struct span feature, serial, begins, days;
    return take_line(&lines, SPAN("feature"), &feature) && take_line(&lines, SPAN("serial"), &serial) &&
           take_line(&lines, SPAN("begins"), &begins) && take_line(&lines, SPAN("days"), &days) &&
           lines.n == 0 && take_name(feature, key->feature, sizeof key->feature) &&
           take_name(serial, key->serial, sizeof key->serial) && parse_day(begins, &key->begins) &&
           parse_days(days, key->begins, &key->ends);
}

/* ---- writing ---- */

bool feature_key_put(struct buf *out, const char *feature, const char *serial, const char *begins,
                     unsigned days, struct error *error)
{
    struct feature_key key;
    int64_t moment;
    if (!take_name(span_text(feature), key.feature, sizeof key.feature))
        return error_set(error, "'%s' cannot be the name of a feature", feature);
    if (!take_name(span_text(serial), key.serial, sizeof key.serial))
        return error_set(error, "'%s' cannot be the name of a gateway: small letters, digits, '.' and '-'",
                         serial);
    if (!parse_day(span_text(begins), &moment))
        return error_set(error, "'%s' is not a day: YYYY-MM-DD", begins);
    if (days > FEATURE_DAYS_MAX)
        return error_set(error, "%u is not a number of days from 1 to %d", days, FEATURE_DAYS_MAX);
    buf_printf(out, "%s\nfeature %s\nserial %s\nbegins %s\n", KIND.p, feature, serial, begins);
    if (days)
        buf_printf(out, "days %u\n\n", days);
    else
        buf_printf(out, "days %s\n\n", PERPETUAL.p);
    return true;
}

void feature_key_put_line(struct buf *out, struct span signed_text)
{
    size_t size = 4 * ((signed_text.n + 2) / 3);
    char *line = buf_reserve(out, size + 1);
    EVP_EncodeBlock((unsigned char *)line, (const unsigned char *)signed_text.p, (int)signed_text.n);
    out->len += size;
}

/* ---- reading ---- */

void feature_key_clean(struct buf *text)
{
    size_t kept = 0;
    for (size_t i = 0; i < text->len; i++)
        if (!memchr(" \t\r\n", text->data[i], 4))
            text->data[kept++] = text->data[i];
    text->len = kept;
}

/* Only the one spelling that an encoder writes: then one key is one text. */
static bool decode(struct span line, struct buf *out)
{
    struct buf again = {0};
    size_t padding = 0;
    if (line.n == 0 || line.n % 4 || line.n > FEATURE_KEY_TEXT_MAX)
        return false;
    while (padding < 2 && line.p[line.n - 1 - padding] == '=')
        padding++;
    int size = EVP_DecodeBlock((unsigned char *)buf_reserve(out, line.n), (const unsigned char *)line.p,
                               (int)line.n);
    if (size < (int)padding)
        return false;
    out->len += (size_t)size - padding;
    feature_key_put_line(&again, buf_span(out));
    bool same = span_equal(buf_span(&again), line);
    buf_free(&again);
    return same;
}

bool feature_key_read(struct span line, const struct trust_store *trust, struct feature_key *key,
                      struct error *error)
{
    struct buf file = {0};
    struct signed_text text;
    struct error why;
    bool good = true;
    if (!decode(line, &file) || !signed_text_read(buf_span(&file), KIND, &text, &why) || text.rest.n)
        good = error_set(error, "this is no feature key, or not all of it");
    else if (!signed_text_verify(&text, trust, NULL, &why))
        good = error_set(error, "the feature key cannot be taken: it %s", why.text);
    else if (!read_lines(text.lines, key))
        good = error_set(error, "the feature key is of a form that this version does not know");
    buf_free(&file);
    return good;
}
