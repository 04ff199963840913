/* The method `queue.archive`: a message of the queue or the quarantine as an mbox file in the folder configuration/. */
#define _GNU_SOURCE /* pread */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/audit.h"
#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "engine/base/xalloc.h"
#include "engine/relay/mbox.h"

enum { PIECE = 256 * 1024 };

struct archiving {
    struct queue_call call;
    json_int_t mid;
    char name[FILE_NAME_MAX + 1];
    struct event *step; /* a piece each loop turn: other sessions go on between */
    int fd;
    off_t at;
    struct mbox mbox;
};

static void fail(struct archiving *a, const struct error *error)
{
    session_fail(a->call.session, API_ERROR_FAILED, "%s", error->text);
    queue_call_end(&a->call);
}

static bool write_text(struct archiving *a, struct buf *text, struct error *error)
{
    struct session_info *info = session_info(a->call.session);
    bool good = files_add_to_upload(&info->upload, text->len ? text->data : "", text->len, error);
    buf_free(text);
    return good;
}

static void finish(struct archiving *a)
{
    struct session_info *info = session_info(a->call.session);
    struct buf text = {0};
    struct error error;
    mbox_put_end(&a->mbox, &text);
    if (!write_text(a, &text, &error) || !files_finish_upload(info->id, &info->upload, &error)) {
        fail(a, &error);
        return;
    }
    audit_write(info->account.user, info->from, info->method, a->name, API_DONE);
    session_done(info->id, json_pack("{s:I}", "bytes", (json_int_t)info->upload.size));
    queue_call_end(&a->call);
}

static void on_step(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct archiving *a = context;
    struct buf piece = {0}, text = {0};
    struct error error;
    ssize_t got = pread(a->fd, buf_reserve(&piece, PIECE), PIECE, a->at);
    if (got > 0)
        mbox_put(&a->mbox, span_of(piece.data, (size_t)got), &text);
    buf_free(&piece);
    a->at += got > 0 ? got : 0;
    if (got < 0) {
        error_set_errno(&error, "cannot read the message");
        fail(a, &error);
    } else if (got == 0) {
        finish(a);
    } else if (write_text(a, &text, &error)) {
        event_active(a->step, EV_TIMEOUT, 0);
    } else {
        fail(a, &error);
    }
}

static void take_text(struct queue_call *call, struct wire_reader *in, int fd)
{
    struct archiving *a = (struct archiving *)call;
    struct session_info *info = session_info(call->session);
    struct queue_text_envelope envelope;
    a->fd = fd;
    if (!queue_text_get(call, a->mid, in, fd, &envelope)) {
        queue_call_end(call);
        return;
    }
    struct buf text = {0};
    struct error error;
    mbox_put_from(&text, envelope.sender, envelope.time);
    buf_printf(&text, "X-Mailward-MID: %" JSON_INTEGER_FORMAT "\n", a->mid);
    files_drop_upload(info->id, &info->upload);
    if (!files_begin_upload(info->id, a->name, &info->upload, &error)) {
        buf_free(&text);
        fail(a, &error);
    } else if (write_text(a, &text, &error)) {
        event_active(a->step, EV_TIMEOUT, 0);
    } else {
        fail(a, &error);
    }
}

/* Once the file has its name, nothing of the upload is left to drop. */
static void end_archiving(struct queue_call *call)
{
    struct archiving *a = (struct archiving *)call;
    struct session_info *info = session_info(call->session);
    if (info)
        files_drop_upload(info->id, &info->upload);
    event_free(a->step);
    if (a->fd >= 0)
        close(a->fd);
}

static const struct queue_call_type archiving_type = {take_text, NULL, NULL, end_archiving};

void queue_archive(uint64_t session, json_t *request)
{
    const char *name = files_name_of(session, request);
    if (!name)
        return;
    struct archiving *a = xcalloc(1, sizeof *a);
    struct buf body = {0};
    a->mid = json_integer_value(json_object_get(request, "mid"));
    memcpy(a->name, name, strlen(name) + 1);
    a->fd = -1;
    a->step = event_new(role_base(), -1, 0, on_step, a);
    queue_call_begin(&a->call, &archiving_type, session);
    wire_put_u32(&body, queue_call_id(&a->call));
    wire_put_u64(&body, (uint64_t)a->mid);
    queue_call_ask(&a->call, MSG_QUEUE_READ, &body);
}
