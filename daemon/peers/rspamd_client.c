/* Asking rspamd over HTTP.
 *
 * Addresses are literal ones, so nothing is looked up, and neither the environment nor an answer can lead anywhere else:
 * there is no proxy, and a redirection is a refusal.
 */
#include <stdlib.h>

#include "daemon/curl_loop.h"
#include "daemon/peers/exchange.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"
#include "engine/peers/rspamd_reply.h"

enum { RECIPIENTS_MOST = 100, VALUE_MOST = 512, HEADERS_MOST = 64 * 1024, IDLE_CONNECTIONS = 16 };

/* What curl holds for one exchange. */
struct request {
    CURL *easy;
    struct curl_slist *headers;
    size_t header_bytes; /* of the answer */
};

static CURLM *multi;

/* ---- the request ---- */

/* The envelope is of strangers: nothing of it begins a line. */
static void add_header(struct request *r, const char *name, struct span value)
{
    struct buf line = {0};
    buf_printf(&line, "%s: ", name);
    for (size_t i = 0; i < value.n && i < VALUE_MOST; i++)
        buf_append_char(&line, value.p[i] > ' ' && value.p[i] != 127 ? value.p[i] : '?');
    struct curl_slist *longer = curl_slist_append(r->headers, buf_text(&line));
    if (!longer)
        role_fatal("out of memory");
    r->headers = longer;
    buf_free(&line);
}

static void add_envelope(struct request *r, const struct scan_job *job)
{
    struct buf id = {0};
    buf_printf(&id, "%llu", (unsigned long long)job->mid);
    add_header(r, "Queue-Id", buf_span(&id));
    buf_free(&id);
    add_header(r, "From", job->sender.n ? job->sender : SPAN("<>"));
    for (uint32_t i = 0; i < job->recipient_count && i < RECIPIENTS_MOST; i++)
        add_header(r, "Rcpt", job->recipients[i]);
    if (job->client_ip.n)
        add_header(r, "IP", job->client_ip);
    if (job->helo.n)
        add_header(r, "Helo", job->helo);
    r->headers = curl_slist_append(r->headers, "Expect:"); /* it would cost a round trip */
    r->headers = curl_slist_append(r->headers, "Content-Type: message/rfc822");
}

static size_t take_body(char *bytes, size_t one, size_t count, void *context)
{
    struct exchange *x = context;
    if (x->received.len + one * count > RSPAMD_REPLY_MOST)
        return 0;
    buf_append(&x->received, bytes, one * count);
    return one * count;
}

static size_t take_header(char *bytes, size_t one, size_t count, void *context)
{
    struct request *r = ((struct exchange *)context)->held;
    (void)bytes;
    r->header_bytes += one * count;
    return r->header_bytes > HEADERS_MOST ? 0 : one * count;
}

static void set_url(CURL *easy, const struct exchange *x)
{
    struct buf url = {0};
    bool v6 = span_find(x->where->address, ':') < x->where->address.n;
    buf_printf(&url, "http://%s%.*s%s:%u/%s", v6 ? "[" : "", (int)x->where->address.n, x->where->address.p,
               v6 ? "]" : "", x->where->port, x->message ? "checkv2" : "ping");
    curl_easy_setopt(easy, CURLOPT_URL, buf_text(&url));
    buf_free(&url);
}

static void set_options(CURL *easy, struct exchange *x)
{
    struct request *r = x->held;
    set_url(easy, x);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
    if (!x->message)
        return;
    add_envelope(r, &x->message->envelope);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->message->bytes.n);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->message->bytes.n ? x->message->bytes.p : "");
}

static bool start(struct exchange *x)
{
    struct request *r = xcalloc(1, sizeof *r);
    x->held = r;
    r->easy = curl_easy_init();
    if (!r->easy)
        return false;
    set_options(r->easy, x);
    return curl_multi_add_handle(multi, r->easy) == CURLM_OK;
}

static void stop(struct exchange *x)
{
    struct request *r = x->held;
    if (r->easy) {
        curl_multi_remove_handle(multi, r->easy);
        curl_easy_cleanup(r->easy);
    }
    curl_slist_free_all(r->headers);
    free(r);
}

/* ---- the answer ---- */

static void read_answer(struct exchange *x)
{
    long status = 0;
    curl_easy_getinfo(((struct request *)x->held)->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        exchange_done(x, PEER_USELESS, "refuses the request");
    else if (!x->message)
        exchange_done(x, PEER_ANSWERED, NULL);
    else if (!rspamd_reply_parse(buf_span(&x->received), &x->symbols, &x->verdict))
        exchange_done(x, PEER_USELESS, "gives an answer that makes no sense");
    else
        exchange_done(x, x->verdict.state, NULL);
}

/* Ending one exchange may end others of this peer. */
static void finish(CURL *easy, CURLcode result)
{
    char *context;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
    struct exchange *x = (struct exchange *)(void *)context;
    if (result == CURLE_OK)
        read_answer(x);
    else if (result == CURLE_COULDNT_CONNECT)
        exchange_done(x, PEER_FAILED, "cannot be connected to");
    else if (result == CURLE_WRITE_ERROR)
        exchange_done(x, PEER_USELESS, "gives an answer that is too long");
    else
        exchange_done(x, PEER_USELESS, "hung up or does not speak HTTP");
}

bool rspamd_client_init(struct error *error)
{
    multi = curl_loop_start(CURL_GLOBAL_NOTHING, finish, error);
    if (multi)
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    return multi != NULL;
}

const struct peer_client rspamd_client = {start, stop};
