/* Reports of commands: told as text with a locator, or as one JSON object each. */
#define _GNU_SOURCE /* dprintf */
#include "shell/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "shell/state.h"

void report_begin(struct shell *sh, const struct words *words, unsigned line, unsigned column)
{
    struct report *r = xcalloc(1, sizeof *r);
    r->line = line;
    r->column = column;
    r->number = ++sh->begun;
    r->running = true;
    r->text = xmemdup0(words->text.p, words->text.n);
    if (sh->options.json) {
        r->words = json_array();
        for (int i = 0; i < words->count; i++)
            json_array_append_new(r->words, json_string(words->word[i]));
    }
    sh->report = r;
}

void report_end(struct shell *sh, enum api_status status)
{
    struct report *r = sh->report;
    if (!r->edits) {
        pipeline_drain(sh, 0); /* reports keep their order */
        writer_flush(&sh->out);
    }
    if (r->status == API_DONE)
        r->status = status;
    if (sh->out.failed && (r->status == API_DONE || (r->status == API_INTERRUPTED && !sh->interrupted)))
        r->status = API_FAILED;
    if (sh->stopped && !r->edit_failed)
        r->skipped = true; /* an edit before it failed meanwhile */
    r->running = false;
    sh->report = NULL;
    report_settle(sh, r);
}

/* A line may show what was typed or what the daemon holds: no byte of that is for the terminal. */
static void put_lines(struct shell *sh, const char *text)
{
    struct buf safe = {0};
    for (struct span rest = span_text(text); rest.n;) {
        size_t end = span_find(rest, '\n');
        text_from_wire(&safe, span_slice(rest, 0, end), end);
        buf_append_char(&safe, '\n');
        rest = span_slice(rest, end + 1, rest.n);
    }
    pager_put(sh, buf_span(&safe));
    buf_free(&safe);
}

void report_error(struct shell *sh, struct report *r, enum api_status status, const char *code,
                  const char *message)
{
    if (r && r->status == API_DONE)
        r->status = status;
    if (r && sh->options.json) {
        if (!r->message) {
            r->code = code ? xstrdup(code) : NULL; /* it may be a part of the answer */
            r->message = xstrdup(message ? message : "");
        }
    } else if (message) {
        put_lines(sh, message);
    }
}

void report_warning(struct shell *sh, struct report *r, const char *sentence)
{
    if (r && sh->options.json) {
        if (!r->warnings)
            r->warnings = json_array();
        json_array_append_new(r->warnings, json_string(sentence));
        return;
    }
    pager_put(sh, SPAN("Warning: "));
    put_lines(sh, sentence);
}

enum api_status report_answer(struct shell *sh, struct report *r, const json_t *end)
{
    size_t i;
    json_t *warning;
    enum api_status status = (enum api_status)json_integer_value(json_object_get(end, "status"));
    const char *code = json_string_value(json_object_get(end, "code"));
    json_array_foreach(r && r->advised ? NULL : json_object_get(end, "warnings"), i, warning)
        report_warning(sh, r, json_string_value(warning));
    if (status != API_DONE && code && strcmp(code, api_errors[API_ERROR_SKIPPED].code) == 0)
        r->skipped = true;
    else if (status != API_DONE)
        report_error(sh, r, status, code, json_string_value(json_object_get(end, "error")));
    return status;
}

/* "batch: line 12: the command", on standard error and behind what standard output says of it. */
static void tell_place(struct shell *sh, const struct report *r)
{
    struct buf text = {0};
    if (sh->numbered)
        buf_printf(&text, "batch: command %u, column %u", r->number, r->column);
    else if (r->column > 1)
        buf_printf(&text, "batch: line %u, column %u", r->line, r->column);
    else
        buf_printf(&text, "batch: line %u", r->line);
    if (r->text[0])
        buf_append_span(&text, SPAN(": "));
    text_from_wire(&text, span_text(r->text), 1000);
    if (r->answer_line)
        buf_printf(&text, " (answer in line %u)", r->answer_line);
    buf_append_char(&text, '\n');
    writer_flush(&sh->out);
    dprintf(STDERR_FILENO, "%s", buf_text(&text));
    buf_free(&text);
}

static int put(const char *bytes, size_t size, void *context)
{
    writer_put(context, span_of(bytes, size));
    return 0;
}

static void put_object(struct shell *sh, json_t *object)
{
    json_dump_callback(object, put, &sh->out, JSON_COMPACT);
    json_decref(object);
    writer_put(&sh->out, SPAN("\n"));
}

/* Text of commands is UTF-8, but no promise of theirs is worth an invalid object. */
static json_t *string_of(struct span text)
{
    json_t *string = json_stringn(text.n ? text.p : "", text.n);
    if (!string) {
        struct buf clean = {0};
        text_from_wire(&clean, text, text.n);
        string = json_stringn(clean.data, clean.len);
        buf_free(&clean);
    }
    return string;
}

static const char *status_word(enum api_status status)
{
    return status == API_DONE ? "ok" : "error";
}

static void put_report(struct shell *sh, struct report *r)
{
    json_t *object = json_pack("{s:i,s:o,s:s,s:i}", "line", (int)r->line, "command", json_incref(r->words),
                               "status", status_word(r->status), "exit", (int)r->status);
    if (r->column > 1)
        json_object_set_new(object, "column", json_integer(r->column));
    if (r->answer_line)
        json_object_set_new(object, "answer_line", json_integer(r->answer_line));
    if (r->message) {
        json_object_set_new(object, "code", json_string(r->code ? r->code : "failed"));
        json_object_set_new(object, "message", string_of(span_text(r->message)));
    }
    if (r->warnings)
        json_object_set(object, "warnings", r->warnings);
    if (r->result)
        json_object_set(object, "result", r->result);
    if (r->output.len)
        json_object_set_new(object, "output", string_of(buf_span(&r->output)));
    put_object(sh, object);
}

void report_settle(struct shell *sh, struct report *r)
{
    if (r->status != API_DONE && !r->skipped && !sh->interactive)
        sh->stopped |= !sh->options.keep_going || sh->interrupted;
    if (r->running || r->edits)
        return;
    if (!r->skipped) {
        sh->done += r->status == API_DONE;
        sh->failed += r->status != API_DONE;
        if (sh->first_error == API_DONE)
            sh->first_error = r->status;
        if (sh->options.json)
            put_report(sh, r);
        if (r->status != API_DONE && !sh->interactive)
            tell_place(sh, r);
    }
    json_decref(r->words);
    json_decref(r->warnings);
    json_decref(r->result);
    buf_free(&r->output);
    free(r->code);
    free(r->message);
    free(r->text);
    free(r);
}

void report_final(struct shell *sh, enum api_status status, const char *message)
{
    json_t *object = json_pack("{s:b,s:s,s:i,s:i,s:i}", "final", 1, "status", status_word(status), "exit",
                               (int)status, "done", (int)sh->done, "failed", (int)sh->failed);
    if (sh->revision)
        json_object_set_new(object, "revision", json_integer(sh->revision));
    if (message)
        json_object_set_new(object, "message", json_string(message));
    put_object(sh, object);
}
