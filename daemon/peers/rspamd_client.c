/* Asking rspamd over HTTP: libcurl's multi interface on the loop of the role.
 *
 * Addresses are literal ones, so nothing is looked up, and neither the environment nor an answer can lead anywhere else:
 * there is no proxy, and a redirection is a refusal.
 */
#include <curl/curl.h>
#include <stdlib.h>

#include "daemon/peers/exchange.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
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
static struct event *timer;

static void finish_requests(void);

/* ---- curl's sockets and time on the loop ---- */

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    (void)context;
    int running, action = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(multi, fd, action, &running);
    finish_requests();
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    int running;
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_requests();
}

static int set_timer(CURLM *m, long milliseconds, void *context)
{
    (void)m, (void)context;
    struct timeval wait = clock_interval(milliseconds * INT64_C(1000));
    if (milliseconds < 0)
        evtimer_del(timer);
    else
        evtimer_add(timer, &wait);
    return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *watching)
{
    (void)easy, (void)context;
    struct event *event = watching;
    if (event)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        short wanted =
            (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
        event = event_new(role_base(), fd, wanted, on_socket, NULL);
        if (!event)
            role_fatal("out of memory");
        event_add(event, NULL);
    }
    curl_multi_assign(multi, fd, event);
    return 0;
}

bool rspamd_client_init(struct error *error)
{
    if (curl_global_init(CURL_GLOBAL_NOTHING) != 0 || !(multi = curl_multi_init()))
        return error_set(error, "cannot prepare for HTTP");
    timer = evtimer_new(role_base(), on_timer, NULL);
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    return timer || error_set(error, "out of memory");
}

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

/* Ending one exchange may end others of this peer, which takes them out of curl's list. */
static void finish_requests(void)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));) {
        char *context;
        CURLcode result = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &context);
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
}

const struct peer_client rspamd_client = {start, stop};
