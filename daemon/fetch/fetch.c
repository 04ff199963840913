/* The fetch role: gets files from HTTPS servers for control, and knows nothing of what is in them.
 *
 * It has the network and nothing else: no folder that it may write, no peer but control and the log.  What it got goes
 * to control in a sealed memory file, which control then checks.
 */
#define _GNU_SOURCE /* getaddrinfo */
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "daemon/curl_loop.h"
#include "daemon/memory_file.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum {
    CONNECT_SECONDS = 20,
    TRANSFER_SECONDS = 300,
    SLOW_SECONDS = 30, /* with less than SLOW_BYTES in each of them */
    SLOW_BYTES = 1024,
};

struct transfer {
    uint32_t id; /* of control's request */
    CURL *easy;
    int file;
    uint64_t size, most;
    bool too_large;
    char why[CURL_ERROR_SIZE];
};

static CURLM *multi;

static void answer(uint32_t id, const char *why, int file)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_span(&body, span_text(why));
    role_send(ROLE_CONTROL, MSG_FETCHED, buf_span(&body), file);
    buf_free(&body);
}

/* ---- the end of a transfer ---- */

static const char *failure(const struct transfer *t, CURLcode result)
{
    if (t->too_large)
        return "the file is larger than it may be";
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK)
        return status == 200 ? NULL : "the server sends no file, but says that it is elsewhere";
    return t->why[0] ? t->why : curl_easy_strerror(result);
}

static void finish(CURL *easy, CURLcode result)
{
    struct transfer *t;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    const char *why = failure(t, result);
    if (!why && !memory_file_seal(t->file))
        why = "the file cannot be kept in memory";
    if (why)
        close(t->file);
    answer(t->id, why ? why : "", why ? -1 : t->file);
    curl_multi_remove_handle(multi, t->easy);
    curl_easy_cleanup(t->easy);
    free(t);
}

/* ---- a transfer ---- */

static size_t take_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    t->size += size * count;
    t->too_large = t->size > t->most;
    if (t->too_large)
        return 0;
    ssize_t written = write(t->file, bytes, size * count);
    return written < 0 ? 0 : (size_t)written;
}

/* A server is asked for a file and for nothing else: no redirection, no other protocol, nothing of the environment. */
static void set_options(struct transfer *t, const char *url, struct span ca, const char *proxy)
{
    CURL *e = t->easy;
    struct curl_blob blob = {.data = (void *)ca.p, .len = ca.n, .flags = CURL_BLOB_COPY};
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->why);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(e, CURLOPT_PROXY, proxy);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca.n) {
        curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &blob);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(e, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->most);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)TRANSFER_SECONDS);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "mailward/" PACKAGE_VERSION);
}

static void begin(uint32_t id, struct span url, struct span ca, struct span proxy, uint64_t most)
{
    struct transfer *t = xcalloc(1, sizeof *t);
    *t = (struct transfer){
        .id = id, .easy = curl_easy_init(), .file = memory_file_new("mailward-fetched"), .most = most};
    if (!t->easy || t->file < 0)
        role_fatal("out of memory for a transfer");
    char *url_text = xmemdup0(url.p, url.n), *proxy_text = xmemdup0(proxy.p, proxy.n);
    set_options(t, url_text, ca, proxy_text);
    free(url_text);
    free(proxy_text);
    CURLMcode result = curl_multi_add_handle(multi, t->easy);
    if (result != CURLM_OK)
        role_fatal("libcurl: %s", curl_multi_strerror(result));
}

static void message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (fd >= 0)
        close(fd);
    if (peer != ROLE_CONTROL || type != MSG_FETCH) {
        in->failed = true;
        return;
    }
    uint32_t id = wire_get_u32(in);
    struct span url = wire_get_span(in), ca = wire_get_span(in), proxy = wire_get_span(in);
    uint64_t most = wire_get_u64(in);
    if (wire_reader_done(in))
        begin(id, url, ca, proxy, most);
}

/* The resolver reads its files now, while it may. */
static void warm_up_resolver(void)
{
    struct addrinfo *found;
    if (getaddrinfo("localhost", NULL, NULL, &found) == 0)
        freeaddrinfo(found);
}

static bool start(struct error *error)
{
    multi = curl_loop_start(CURL_GLOBAL_DEFAULT, finish, error);
    warm_up_resolver();
    return multi != NULL;
}

const struct role role_self = {.id = ROLE_FETCH, .start = start, .message = message};
