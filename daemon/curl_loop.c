/* libcurl says which sockets and what time it waits for, and is told what has come. */
#include "daemon/curl_loop.h"

#include "daemon/role.h"
#include "engine/base/clock.h"

static CURLM *multi;
static struct event *timer;
static void (*on_end)(CURL *easy, CURLcode result);

static void go_on(curl_socket_t fd, int events)
{
    int running, left;
    curl_multi_socket_action(multi, fd, events, &running);
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &left));)
        if (m->msg == CURLMSG_DONE)
            on_end(m->easy_handle, m->data.result);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    (void)context;
    go_on(fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    go_on(CURL_SOCKET_TIMEOUT, 0);
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

CURLM *curl_loop_start(long flags, void (*ended)(CURL *easy, CURLcode result), struct error *error)
{
    on_end = ended;
    timer = evtimer_new(role_base(), on_timer, NULL);
    if (!timer || curl_global_init(flags) != CURLE_OK || !(multi = curl_multi_init())) {
        error_set(error, "libcurl cannot be used");
        return NULL;
    }
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    return multi;
}
