/* Who waits for control. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "daemon/spamd/telling.h"

#include <fcntl.h>
#include <stdio.h>

#include "daemon/protocol.h"
#include "daemon/role.h"

static TAILQ_HEAD(, client) telling = TAILQ_HEAD_INITIALIZER(telling);

/* A message whose class is not said is to be forgotten: spamc sends no more for that. */
static enum lesson_kind kind_of(const struct spamd_request *r)
{
    if (!r->set_local)
        return LESSON_FORGET;
    return r->message_class == SPAMD_CLASS_SPAM ? LESSON_SPAM : LESSON_HAM;
}

void telling_submit(struct client *c)
{
    int fd = fcntl(c->message, F_DUPFD_CLOEXEC, 0);
    struct buf body = {0};
    wire_put_u64(&body, c->id);
    wire_put_u8(&body, (uint8_t)kind_of(&c->request));
    wire_put_u32(&body, c->uid);
    wire_put_span(&body, c->request.user);
    if (fd >= 0 && role_send(ROLE_CONTROL, MSG_TELL, buf_span(&body), fd)) {
        c->state = CLIENT_TELLING;
        TAILQ_INSERT_TAIL(&telling, c, place);
    } else {
        client_refuse(c, SPAMD_EX_TEMPFAIL, "nothing can be learned at this moment");
    }
    buf_free(&body);
}

void telling_leave(struct client *c)
{
    TAILQ_REMOVE(&telling, c, place);
}

static void answer(struct client *c, enum lesson_outcome outcome, const char *why)
{
    bool done = outcome == LESSON_DONE, forgot = kind_of(&c->request) == LESSON_FORGET;
    if (outcome == LESSON_REFUSED) {
        client_refuse(c, SPAMD_EX_NOPERM, why);
    } else if (outcome == LESSON_OFF) {
        client_refuse(c, SPAMD_EX_UNAVAILABLE, why);
    } else if (outcome == LESSON_FAILED) {
        client_refuse(c, SPAMD_EX_TEMPFAIL, why);
    } else {
        telling_leave(c);
        spamd_put_told(&c->out, done && !forgot, done && forgot);
        client_answer(c);
    }
}

void telling_told(struct wire_reader *in)
{
    uint64_t id = wire_get_u64(in);
    uint8_t outcome = wire_get_u8(in);
    struct span text = wire_get_span(in);
    char why[160];
    struct client *c;
    in->failed |= outcome >= LESSON_OUTCOMES;
    if (!wire_reader_done(in))
        return;
    snprintf(why, sizeof why, "%.*s", (int)text.n, text.n ? text.p : "");
    TAILQ_FOREACH (c, &telling, place)
        if (c->id == id)
            break;
    if (!c)
        return;
    answer(c, (enum lesson_outcome)outcome, why);
    client_settle(c);
}

void telling_control_gone(void)
{
    struct client *c;
    while ((c = TAILQ_FIRST(&telling))) {
        client_refuse(c, SPAMD_EX_TEMPFAIL, "whether it was learned is not known: tell it again");
        client_settle(c);
    }
}
