/* The request line and the headers that mean something; others are passed over, as the protocol wants it. */
#include "engine/spamd/spamd_request.h"

static const char *const names[SPAMD_METHOD_COUNT] = {
    [SPAMD_CHECK] = "CHECK",     [SPAMD_SYMBOLS] = "SYMBOLS",
    [SPAMD_REPORT] = "REPORT",   [SPAMD_REPORT_IFSPAM] = "REPORT_IFSPAM",
    [SPAMD_PROCESS] = "PROCESS", [SPAMD_HEADERS] = "HEADERS",
    [SPAMD_TELL] = "TELL",       [SPAMD_PING] = "PING",
    [SPAMD_SKIP] = "SKIP",
};

enum { VERSION_WITHOUT_HEADERS = 10 };

const char *spamd_method_name(enum spamd_method method)
{
    return names[method];
}

/* Moves *in behind its first line, which is given without its end.  False when there is no whole one yet. */
static bool take_line(struct span *in, struct span *line)
{
    size_t feed = span_find(*in, '\n');
    if (feed == in->n)
        return false;
    *line = span_slice(*in, 0, feed);
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    *in = span_slice(*in, feed + 1, in->n);
    return true;
}

static bool parse_method(struct span word, enum spamd_method *method)
{
    for (unsigned i = 0; i < SPAMD_METHOD_COUNT; i++) {
        if (!span_equal(word, span_text(names[i])))
            continue;
        *method = (enum spamd_method)i;
        return true;
    }
    return false;
}

/* "1.5" as 15; later versions of the same kind are spoken to as the latest that we know. */
static bool parse_version(struct span text, unsigned *version)
{
    uint64_t minor;
    if (text.n < 3 || text.p[0] != '1' || text.p[1] != '.' ||
        !span_parse_u64(span_slice(text, 2, text.n), &minor))
        return false;
    *version = 10 + (minor > 5 ? 5 : (unsigned)minor);
    return true;
}

static bool parse_first(struct span line, struct spamd_request *request, struct error *error)
{
    const struct span protocol = SPAN("SPAMC/");
    size_t blank = span_find(line, ' ');
    struct span rest = span_trim(span_slice(line, blank, line.n));
    if (!parse_method(span_slice(line, 0, blank), &request->method))
        return error_set(error, "unknown command");
    if (!span_equal(span_slice(rest, 0, protocol.n), protocol) ||
        !parse_version(span_slice(rest, protocol.n, rest.n), &request->version))
        return error_set(error, "the command is not followed by SPAMC/1.x");
    return true;
}

static bool take_length(struct span value, struct spamd_request *request, struct error *error)
{
    uint64_t length;
    if (!span_parse_u64(value, &length))
        return error_set(error, "Content-length is not a number");
    if (request->has_length && request->length != length)
        return error_set(error, "there are two different Content-length");
    request->has_length = true;
    request->length = length;
    return true;
}

/* "ham", "spam" */
static bool take_class(struct span value, struct spamd_request *request, struct error *error)
{
    bool spam = span_equal_nocase(value, SPAN("spam"));
    request->message_class = spam ? SPAMD_CLASS_SPAM : SPAMD_CLASS_HAM;
    return spam || span_equal_nocase(value, SPAN("ham")) ||
           error_set(error, "Message-class is neither spam nor ham");
}

/* Whether "local" is one of the words, which have commas between them. */
static bool names_local(struct span value)
{
    while (value.n) {
        size_t comma = span_find(value, ',');
        if (span_equal_nocase(span_trim(span_slice(value, 0, comma)), SPAN("local")))
            return true;
        value = span_slice(value, comma + 1, value.n);
    }
    return false;
}

static bool take_header(struct span line, struct spamd_request *request, struct error *error)
{
    size_t colon = span_find(line, ':');
    struct span name = span_trim(span_slice(line, 0, colon));
    struct span value = span_trim(span_slice(line, colon + 1, line.n));
    if (colon == line.n)
        return error_set(error, "a header has no colon");
    if (span_equal_nocase(name, SPAN("Content-length")))
        return take_length(value, request, error);
    if (span_equal_nocase(name, SPAN("Message-class")))
        return take_class(value, request, error);
    if (span_equal_nocase(name, SPAN("Set")))
        request->set_local = names_local(value);
    if (span_equal_nocase(name, SPAN("Remove")))
        request->remove_local = names_local(value);
    if (span_equal_nocase(name, SPAN("User")))
        request->user = value;
    if (span_equal_nocase(name, SPAN("Compress")))
        request->compressed = true;
    return true;
}

static bool has_headers(const struct spamd_request *request)
{
    return request->method != SPAMD_PING && request->method != SPAMD_SKIP &&
           request->version > VERSION_WITHOUT_HEADERS;
}

/* Line by line up to the empty one, or to the first when no headers follow it. */
static enum spamd_parse parse_lines(struct span in, struct spamd_request *request, size_t *used,
                                    struct error *error)
{
    struct span rest = in, line;
    if (!take_line(&rest, &line))
        return SPAMD_PARSE_MORE;
    if (!parse_first(line, request, error))
        return SPAMD_PARSE_WRONG;
    while (has_headers(request)) {
        if (!take_line(&rest, &line))
            return SPAMD_PARSE_MORE;
        if (line.n == 0)
            break;
        if (!take_header(line, request, error))
            return SPAMD_PARSE_WRONG;
    }
    *used = in.n - rest.n;
    return SPAMD_PARSE_DONE;
}

enum spamd_parse spamd_request_parse(struct span in, struct spamd_request *request, size_t *used,
                                     struct error *error)
{
    struct span head = span_slice(in, 0, SPAMD_HEAD_MAX);
    *request = (struct spamd_request){.user = SPAN("")};
    enum spamd_parse parsed = parse_lines(head, request, used, error);
    if (parsed != SPAMD_PARSE_MORE || in.n < SPAMD_HEAD_MAX)
        return parsed;
    error_set(error, "the request has more than %d bytes in front of the message", SPAMD_HEAD_MAX);
    return SPAMD_PARSE_WRONG;
}
