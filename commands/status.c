/* status: how the gateway is; `status detail`: every number of it (engine/wire/figures.def). */
#include <string.h>

#include "commands/command.h"
#include "commands/values.h"
#include "engine/wire/figures.h"

/* The main ones, for the overview. */
static const char *const main_gauges[] = {"connections_in",    "connections_out",    "messages_waiting_scan",
                                          "recipients_active", "recipients_delayed", "messages_quarantined",
                                          "quarantine_bytes",  "spool_bytes",        "free_bytes"};
static const char *const main_rates[] = {"messages_received", "recipients_received", "recipients_completed",
                                         "hard_bounced", "recipients_delivered"};

static const json_t *member(const json_t *result, const char *section, const char *key)
{
    return json_object_get(json_object_get(result, section), key);
}

static bool is_set(const json_t *result, const char *gauge)
{
    return json_integer_value(member(result, "gauges", gauge)) != 0;
}

static bool is_among(const char *key, const char *const *keys, size_t count)
{
    size_t i = 0;
    while (i < count && strcmp(keys[i], key) != 0)
        i++;
    return i < count;
}

/* ---- head ---- */

static void show_time(struct shell *sh, const char *title, const json_t *moment, const char *none)
{
    struct buf text = {0};
    json_int_t time = json_integer_value(moment);
    if (time)
        time_put(&text, time);
    if (moment)
        out_text(sh, "%-18s %s\n", title, time ? buf_text(&text) : none);
    buf_free(&text);
}

static const char *receiving(const json_t *result)
{
    if (is_set(result, "listeners_suspended"))
        return "suspended";
    return is_set(result, "listeners_suspended_by_name") ? "suspended on some listeners" : "active";
}

static void show_states(struct shell *sh, const json_t *result)
{
    if (!json_object_get(result, "gauges") || !member(result, "gauges", "messages"))
        return; /* the queue did not answer */
    out_text(sh, "%-18s %s%s\n", "Receiving:", receiving(result),
             is_set(result, "space_low") ? "; mail is refused for lack of space" : "");
    out_text(sh, "%-18s %s\n", "Delivery:", is_set(result, "delivery_suspended") ? "suspended" : "active");
    out_text(sh, "%-18s %s\n", "Work queue:", is_set(result, "workqueue_paused") ? "paused" : "operational");
    show_time(sh, "Oldest message:", member(result, "moments", "oldest_message"), "none waits");
}

static void show_system(struct shell *sh, const json_t *result)
{
    const json_t *system = json_object_get(result, "system");
    struct buf up = {0};
    duration_put(&up, json_integer_value(json_object_get(system, "uptime")));
    out_text(sh, "mailward %s on %s\n\n", text_of(system, "version"), text_of(system, "hostname"));
    show_time(sh, "Up since:", json_object_get(system, "started"), "");
    out_text(sh, "%-18s %s\n", "Uptime:", buf_text(&up));
    out_text(sh, "%-18s revision %" JSON_INTEGER_FORMAT "\n",
             "Configuration:", json_integer_value(json_object_get(system, "revision")));
    show_time(sh, "Counters reset:", member(result, "moments", "counters_reset"), "never");
    show_time(sh, "Counting since:", member(result, "moments", "counters_since"), "not known yet");
    buf_free(&up);
}

/* ---- numbers ---- */

static void show_counters(struct shell *sh, const json_t *result)
{
    const char *const times[] = {"reset", "uptime", "lifetime"};
    enum figure_group group = FIGURE_GROUP_COUNT;
    for (size_t i = 0; i < FIGURE_COUNTERS; i++) {
        const struct figure_counter *c = &figure_counters[i];
        const json_t *values = member(result, "counters", c->key);
        if (!values)
            continue;
        if (i == 0)
            out_text(sh, "\n%-34s %15s %15s %15s\n", "Counters:", "Reset", "Uptime", "Lifetime");
        if (c->group != group)
            out_text(sh, "  %s\n", figure_group_titles[c->group]);
        group = c->group;
        out_text(sh, "    %-30s", c->title);
        for (int t = 0; t < 3; t++)
            out_text(sh, " %15" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(values, times[t])));
        out_text(sh, "\n");
    }
}

static void show_rates(struct shell *sh, const json_t *result, bool detail)
{
    if (!json_object_get(result, "rates"))
        return;
    out_text(sh, "\n%-34s %15s %15s %15s\n", "Rates (events per hour):", "1 Minute", "5 Minutes",
             "15 Minutes");
    for (size_t i = 0; i < FIGURE_COUNTERS; i++) {
        const struct figure_counter *c = &figure_counters[i];
        const json_t *values = member(result, "rates", c->key);
        if (!values || (!detail && !is_among(c->key, main_rates, sizeof main_rates / sizeof main_rates[0])))
            continue;
        out_text(sh, "    %-30s", c->title);
        for (int r = 0; r < FIGURE_RATES; r++)
            out_text(sh, " %15" JSON_INTEGER_FORMAT,
                     json_integer_value(json_object_get(values, figure_rate_keys[r])));
        out_text(sh, "\n");
    }
}

static void put_gauge(struct buf *out, const struct figure_gauge *gauge, json_int_t value)
{
    if (gauge->unit == FIGURE_BYTES)
        bytes_put(out, value);
    else if (gauge->unit == FIGURE_FLAG)
        buf_printf(out, "%s", value ? "yes" : "no");
    else
        buf_printf(out, "%" JSON_INTEGER_FORMAT, value);
}

static void show_gauges(struct shell *sh, const json_t *result, bool detail)
{
    if (!json_object_get(result, "gauges"))
        return;
    out_text(sh, "\n%-34s %15s\n", "Gauges:", "Current");
    for (size_t i = 0; i < FIGURE_GAUGES; i++) {
        const struct figure_gauge *g = &figure_gauges[i];
        const json_t *value = member(result, "gauges", g->key);
        struct buf text = {0};
        if (!value || (!detail && !is_among(g->key, main_gauges, sizeof main_gauges / sizeof main_gauges[0])))
            continue;
        put_gauge(&text, g, json_integer_value(value));
        out_text(sh, "    %-30s %15s\n", g->title, buf_text(&text));
        buf_free(&text);
    }
}

/* The order of the table, whichever role answered first. */
static void put_values(struct shell *sh, const json_t *result)
{
    static const char *const sections[] = {"system", "moments", "gauges", "counters", "rates"};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        json_t *section = json_object_get(result, sections[i]);
        if (section)
            out_value(sh, sections[i], json_incref(section));
    }
}

/* When a part of the daemon did not answer, what the others said is shown all the same. */
static enum api_status show(struct shell *sh, bool detail)
{
    json_t *answer;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "status"), &answer);
    const json_t *result = json_object_get(answer, "system") ? answer : NULL;
    if (result) {
        show_system(sh, result);
        show_states(sh, result);
        if (detail)
            show_counters(sh, result);
        show_rates(sh, result, detail);
        show_gauges(sh, result, detail);
        put_values(sh, result);
    }
    json_decref(answer);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return show(sh, false);
}

static enum api_status batch_detail(struct shell *sh, const struct call *call)
{
    (void)call;
    return show(sh, true);
}

static const struct verb verbs[] = {
    {.word = "detail", .text = "Display every counter, rate and gauge.", .batch = batch_detail},
    {.word = NULL},
};

const struct command command_status = {
    .name = "status",
    .summary = "show what the gateway holds and has done",
    .flags = COMMAND_MACHINE,
    .verbs = verbs,
    .usage = "",
    .run = run,
};
