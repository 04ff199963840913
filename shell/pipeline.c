/* Sending edits ahead, and giving each answer to the command that it belongs to.
 *
 * A request may not be longer than API_REQUEST_MAX, so many edits of one command go in pieces, of which only the last
 * makes them count.
 */
#include "shell/pipeline.h"

#include "engine/base/buf.h"
#include "shell/interrupt.h"
#include "shell/state.h"

enum { PIECE_BYTES = API_REQUEST_MAX / 4 };

static struct report *take_first(struct pipeline *p)
{
    struct report *r = p->waiting[p->first];
    p->first = (p->first + 1) % PIPELINE_MAX;
    p->count--;
    return r;
}

static void take_answer(struct shell *sh, struct report *r, const json_t *answer)
{
    if (!r->edit_failed) /* of more pieces behind a wrong one nothing is to be told */
        r->edit_failed = report_answer(sh, r, answer) != API_DONE;
}

/* No more answers will come: the oldest command is told why, the others were not done. */
static void give_up(struct shell *sh, enum link_result why)
{
    struct pipeline *p = &sh->pipeline;
    call_lost(sh);
    sh->interrupted |= why == LINK_INTERRUPTED;
    for (bool told = false; p->count; told = true) {
        struct report *r = take_first(p);
        r->edits--;
        r->edit_failed = true;
        if (told)
            r->skipped = r->status == API_DONE;
        else if (why == LINK_INTERRUPTED)
            report_error(sh, r, API_INTERRUPTED, api_errors[API_ERROR_CANCELLED].code, "interrupted");
        else
            call_tell_gone(sh, r, "the daemon went away; nothing was committed");
        report_settle(sh, r);
    }
}

void pipeline_drain(struct shell *sh, unsigned most)
{
    struct pipeline *p = &sh->pipeline;
    while (p->count > most) {
        json_t *answer;
        enum link_result got = link_receive(sh->link, &answer);
        if (got != LINK_FRAME) {
            give_up(sh, got);
            return;
        }
        if (json_object_get(answer, "status")) {
            struct report *r = take_first(p);
            r->edits--;
            take_answer(sh, r, answer);
            report_settle(sh, r);
        }
        json_decref(answer);
    }
}

/* Sends one piece ahead.  Where a batch stops at errors, one must stop what is on its way, too. */
static enum api_status send_ahead(struct shell *sh, struct buf *piece)
{
    if (!call_connect(sh))
        return API_UNREACHABLE;
    if (interrupt_seen())
        pipeline_drain(sh, 0);
    else if (sh->pipeline.count == PIPELINE_MAX)
        pipeline_drain(sh, PIPELINE_MAX / 2);
    if (output_is_muted(sh))
        return API_FAILED;
    struct pipeline *p = &sh->pipeline;
    buf_append_span(piece, sh->options.keep_going ? SPAN("}") : SPAN(",\"pipeline\":true}"));
    typed_put(sh, piece);
    link_queue_text(sh->link, buf_span(piece));
    p->waiting[(p->first + p->count++) % PIPELINE_MAX] = sh->report;
    sh->report->edits++;
    return API_DONE;
}

static int append(const char *bytes, size_t size, void *out)
{
    buf_append(out, bytes, size);
    return 0;
}

/* Appends a request with edits from *next on, without its closing brace; *next is the first that had no room. */
static void fill_piece(struct buf *piece, const json_t *edits, size_t *next)
{
    buf_append_span(piece, SPAN("{\"method\":\"config.edit\",\"edits\":["));
    for (size_t first = *next; *next < json_array_size(edits) && piece->len < PIECE_BYTES; ++*next) {
        if (*next > first)
            buf_append_char(piece, ',');
        json_dump_callback(json_array_get(edits, *next), append, piece, JSON_COMPACT);
    }
    buf_append_char(piece, ']');
    if (*next < json_array_size(edits))
        buf_append_span(piece, SPAN(",\"more\":true"));
}

enum api_status shell_edit(struct shell *sh, json_t *edits)
{
    struct buf piece = {0};
    enum api_status status = API_DONE;
    size_t next = 0;
    bool split = false;
    do {
        buf_clear(&piece);
        fill_piece(&piece, edits, &next);
        split |= next < json_array_size(edits);
        /* With --keep-going nothing stops pieces that were sent behind a wrong one, so each is waited for. */
        if (sh->interactive || (sh->options.keep_going && split)) {
            buf_append_char(&piece, '}');
            sh->report->advised = sh->report->asked;
            status = call_text(sh, buf_span(&piece), NULL, NULL);
            sh->report->advised = false;
        } else {
            status = send_ahead(sh, &piece);
        }
        sh->touched = true;
    } while (status == API_DONE && next < json_array_size(edits));
    buf_free(&piece);
    json_decref(edits);
    return status;
}
