/* One attempt to deliver one message: its recipients and their results. */
#define _GNU_SOURCE /* F_GET_SEALS */
#include "daemon/smtp/delivery.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/address.h"
#include "engine/smtp/reply.h"

enum {
    TABLE_SIZE = 1024, /* MIDs go up by one, so they spread evenly */
    TEXT_MAX = 512,    /* bytes of a next hop's words that are kept */
    RID_TEXT_MAX = 1000,
};

static LIST_HEAD(, delivery) table[TABLE_SIZE];

/* Maps the message; false when it could still change under our hands. */
static bool map_message(int fd, struct span *message)
{
    const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & needed) != needed || fstat(fd, &st) != 0)
        return false;
    if (st.st_size == 0)
        return true;
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    *message = span_of(bytes, (size_t)st.st_size);
    return true;
}

static void copy_job(struct delivery *d, const struct deliver_job *job)
{
    struct deliver_recipient *recipients = arena_calloc(d->arena, job->recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < job->recipient_count; i++) {
        recipients[i].rid = job->recipients[i].rid;
        recipients[i].address = arena_dup(d->arena, job->recipients[i].address);
        recipients[i].notify = job->recipients[i].notify;
        recipients[i].original = arena_dup(d->arena, job->recipients[i].original);
    }
    d->job = *job;
    d->job.host = arena_dup(d->arena, job->host);
    d->job.sender = arena_dup(d->arena, job->sender);
    d->job.envelope_id = arena_dup(d->arena, job->envelope_id);
    d->job.recipients = recipients;
}

static void set_reply(struct delivery *d, uint32_t index, const struct deliver_reply *reply)
{
    struct deliver_reply *to = &d->replies[index];
    if (to->enhanced.n)
        return;
    uint32_t rid = to->rid;
    *to = *reply;
    to->rid = rid;
}

/* Whatever the queue says, nothing that is no address gets into a command. */
static void choose_recipients(struct delivery *d)
{
    struct smtp_mailbox m;
    bool (*parse)(struct span, struct smtp_mailbox *) =
        d->job.utf8 ? smtp_mailbox_parse_utf8 : smtp_mailbox_parse;
    bool sender_good = d->job.sender.n == 0 || parse(d->job.sender, &m);
    const struct deliver_reply bad = {
        .outcome = DELIVER_FAILED,
        .enhanced = sender_good ? SPAN("5.1.3") : SPAN("5.1.7"),
        .text = sender_good ? SPAN("bad recipient address") : SPAN("bad sender address"),
    };
    d->order = arena_calloc(d->arena, d->job.recipient_count, sizeof *d->order);
    d->replies = arena_calloc(d->arena, d->job.recipient_count, sizeof *d->replies);
    for (uint32_t i = 0; i < d->job.recipient_count; i++) {
        d->replies[i].rid = d->job.recipients[i].rid;
        if (sender_good && parse(d->job.recipients[i].address, &m))
            d->order[d->order_count++] = i;
        else
            set_reply(d, i, &bad);
    }
}

struct delivery *delivery_new(const struct deliver_job *job, int fd)
{
    struct delivery *d = xcalloc(1, sizeof *d);
    d->arena = arena_new();
    copy_job(d, job);
    choose_recipients(d);
    if (!map_message(fd, &d->message)) {
        delivery_end_rest(d, 0, SPAN("4.3.0"), SPAN("the message cannot be read"));
        d->order_count = 0;
    }
    if (fd >= 0)
        close(fd);
    LIST_INSERT_HEAD(&table[job->mid % TABLE_SIZE], d, by_mid);
    return d;
}

static void unmap_message(struct delivery *d)
{
    if (d->message.n)
        munmap((void *)(uintptr_t)d->message.p, d->message.n);
    d->message = (struct span){0};
}

void delivery_free(struct delivery *d)
{
    LIST_REMOVE(d, by_mid);
    unmap_message(d);
    arena_free(d->arena);
    buf_free(&d->result);
    free(d);
}

struct delivery *delivery_find(uint64_t mid, uint32_t attempt)
{
    struct delivery *d;
    LIST_FOREACH (d, &table[mid % TABLE_SIZE], by_mid)
        if (d->job.mid == mid && d->job.attempt == attempt)
            return d;
    return NULL;
}

static struct deliver_reply copy_reply(struct delivery *d, const struct smtp_reply *reply)
{
    struct span text = arena_dup(d->arena, span_slice(buf_span(&reply->text), 0, TEXT_MAX));
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\n')
            ((char *)(uintptr_t)text.p)[i] = ' ';
    return (struct deliver_reply){
        .outcome = reply->code / 100 == 2   ? DELIVER_DONE
                   : reply->code / 100 == 5 ? DELIVER_FAILED
                                            : DELIVER_DEFERRED,
        .code = reply->code,
        .enhanced = arena_dup(d->arena, span_text(reply->enhanced)),
        .said = reply->said,
        .text = text,
    };
}

void delivery_settle(struct delivery *d, uint32_t index, const struct smtp_reply *reply)
{
    struct deliver_reply copy = copy_reply(d, reply);
    set_reply(d, index, &copy);
}

void delivery_leave_out(struct delivery *d, bool (*is_bad)(struct span address), struct span enhanced,
                        struct span text)
{
    const struct deliver_reply bad = {.outcome = DELIVER_FAILED, .enhanced = enhanced, .text = text};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d->order_count; i++) {
        if (is_bad(d->job.recipients[d->order[i]].address))
            set_reply(d, d->order[i], &bad);
        else
            d->order[kept++] = d->order[i];
    }
    d->order_count = kept;
}

static void settle_all(struct delivery *d, const struct deliver_reply *reply)
{
    for (uint32_t i = 0; i < d->job.recipient_count; i++)
        set_reply(d, i, reply);
}

void delivery_settle_rest(struct delivery *d, const struct smtp_reply *reply)
{
    struct deliver_reply copy = copy_reply(d, reply);
    settle_all(d, &copy);
}

void delivery_end_rest(struct delivery *d, uint16_t code, struct span enhanced, struct span text)
{
    const struct deliver_reply reply = {
        .outcome = enhanced.p[0] == '5' ? DELIVER_FAILED : DELIVER_DEFERRED,
        .code = code,
        .enhanced = arena_dup(d->arena, enhanced),
        .text = arena_dup(d->arena, text),
    };
    settle_all(d, &reply);
}

static void put_rid(struct buf *out, uint32_t rid)
{
    if (out->len < RID_TEXT_MAX)
        buf_printf(out, "%s%u", out->len ? ", " : "", rid);
}

void delivery_log_start(const struct delivery *d)
{
    struct buf rids = {0};
    for (uint32_t i = 0; i < d->order_count; i++)
        put_rid(&rids, d->job.recipients[d->order[i]].rid);
    LOG(DELIVERY_START, LOG_U(d->dcid), LOG_U(d->job.mid), LOG_S(buf_span(&rids)));
    buf_free(&rids);
}

static void log_done(const struct delivery *d)
{
    struct buf rids = {0};
    for (uint32_t i = 0; i < d->job.recipient_count; i++)
        if (d->replies[i].outcome == DELIVER_DONE)
            put_rid(&rids, d->replies[i].rid);
    if (rids.len)
        LOG(DELIVERY_DONE, LOG_U(d->dcid), LOG_U(d->job.mid), LOG_S(buf_span(&rids)));
    buf_free(&rids);
}

void delivery_finish(struct delivery *d)
{
    const struct deliver_result result = {
        .mid = d->job.mid,
        .attempt = d->job.attempt,
        .dcid = d->dcid,
        .handover = d->handover,
        .remote = d->remote,
        .replies = d->replies,
        .reply_count = d->job.recipient_count,
    };
    log_done(d);
    unmap_message(d);
    deliver_result_put(&d->result, &result);
    d->running = false;
    d->finished = true;
    role_send(ROLE_QUEUE, MSG_DELIVER_RESULT, buf_span(&d->result), -1);
}

static void each_delivery(void (*each)(struct delivery *d, void *context), void *context)
{
    struct delivery *d;
    for (size_t i = 0; i < TABLE_SIZE; i++)
        LIST_FOREACH (d, &table[i], by_mid)
            each(d, context);
}

static void count_running(struct delivery *d, void *context)
{
    *(size_t *)context += d->running;
}

size_t delivery_running_count(void)
{
    size_t count = 0;
    each_delivery(count_running, &count);
    return count;
}

static void collect_id(struct delivery *d, void *context)
{
    struct smtp_delivery_id id = {d->job.mid, d->job.attempt};
    buf_append(context, &id, sizeof id);
}

void delivery_send_hello(void)
{
    struct buf ids = {0}, body = {0};
    each_delivery(collect_id, &ids);
    const struct smtp_hello hello = {
        .deliveries = (const struct smtp_delivery_id *)(const void *)ids.data,
        .delivery_count = (uint32_t)(ids.len / sizeof(struct smtp_delivery_id)),
    };
    smtp_hello_put(&body, &hello);
    role_send(ROLE_QUEUE, MSG_SMTP_HELLO, buf_span(&body), -1);
    buf_free(&ids);
    buf_free(&body);
}

static void send_result(struct delivery *d, void *context)
{
    (void)context;
    if (d->finished)
        role_send(ROLE_QUEUE, MSG_DELIVER_RESULT, buf_span(&d->result), -1);
}

void delivery_send_results(void)
{
    each_delivery(send_result, NULL);
}
