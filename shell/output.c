/* What commands say: text at once, or members of the command's JSON object.
 *
 * Output waits for the edits before it: when one of them failed, it would speak of what did not happen.
 */
#include <stdarg.h>

#include "shell/state.h"

bool output_is_muted(struct shell *sh)
{
    return sh->stopped || (sh->report && sh->report->edit_failed);
}

static bool may_speak(struct shell *sh)
{
    pipeline_drain(sh, 0);
    return !output_is_muted(sh);
}

enum api_status shell_fail(struct shell *sh, enum api_error error, const char *format, ...)
{
    const struct api_error_row *row = &api_errors[error];
    if (!may_speak(sh))
        return row->status;
    struct buf detail = {0}, message = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&detail, format, args);
    va_end(args);
    const char *gap = strstr(row->phrase, "%s");
    buf_append(&message, row->phrase, gap ? (size_t)(gap - row->phrase) : strlen(row->phrase));
    if (gap) {
        buf_append_span(&message, buf_span(&detail));
        buf_append_span(&message, span_text(gap + 2));
    }
    report_error(sh, sh->report, row->status, row->code, buf_text(&message));
    buf_free(&detail);
    buf_free(&message);
    return row->status;
}

void out_span(struct shell *sh, struct span text)
{
    if (!may_speak(sh) || sh->report->only_checked)
        return;
    if (sh->options.json)
        buf_append_span(&sh->report->output, text);
    else
        pager_put(sh, text);
}

void out_follows(struct shell *sh)
{
    sh->pager.following = true;
}

void out_text(struct shell *sh, const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    out_span(sh, buf_span(&text));
    buf_free(&text);
}

void out_value(struct shell *sh, const char *name, json_t *value)
{
    if (sh->options.json && may_speak(sh) && !sh->report->only_checked) {
        if (!sh->report->result)
            sh->report->result = json_object();
        json_object_set(sh->report->result, name, value);
    }
    json_decref(value);
}

void out_warning(struct shell *sh, const char *sentence)
{
    if (may_speak(sh))
        report_warning(sh, sh->report, sentence);
}
