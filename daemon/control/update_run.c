/* Manifest, download, check, trial (update_trial.c), installation, use: one step after the other, each begun by the answer to
 * the last. */
#include "daemon/control/update_run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/head.h"
#include "daemon/control/trusted_keys.h"
#include "daemon/control/update_doubts.h"
#include "daemon/control/update_files.h"
#include "daemon/control/update_trial.h"
#include "daemon/failpoint.h"
#include "daemon/log_lines.h"
#include "daemon/memory_file.h"
#include "daemon/protocol.h"
#include "engine/base/clock.h"

enum { URL_BYTES = 640 };

static struct {
    enum { IDLE, MANIFEST, PACKAGE, TRIAL } step;
    struct update_wish wish;
    void (*done)(unsigned engines, const struct update_trouble *trouble);
    uint32_t id; /* of the question to fetch */
    struct buf manifest, file;
    struct package_list list; /* in manifest */
    size_t at;                /* the offer in work */
    unsigned busy;            /* bit set of engines that something was offered for */
    struct update_trouble trouble;
} run;

static void next_offer(void);

const char *update_engine_name(enum package_engine engine)
{
    static const char *const names[PACKAGE_ENGINE_COUNT] = {"case", "graymail"};
    return names[engine];
}

bool update_run_is_under_way(void)
{
    return run.step != IDLE;
}

static const struct package_offer *offer(void)
{
    return &run.list.offers[run.at];
}

static enum package_component component(void)
{
    return (enum package_component)package_component_find(offer()->name);
}

static const char *component_name(void)
{
    return package_components[component()].name;
}

static struct error *trouble_of(const struct package_offer *o)
{
    return &run.trouble.packages[package_components[package_component_find(o->name)].engine];
}

static const char *engine_name(void)
{
    return update_engine_name(package_components[component()].engine);
}

static void end(void)
{
    update_trial_end();
    buf_free(&run.manifest);
    buf_free(&run.file);
    run.step = IDLE;
    run.done(run.wish.engines, &run.trouble);
}

/* ---- questions ---- */

static const struct schema_row *settings(void)
{
    return config_table_single(config_resolve(head_tree(), head_place(), SCHEMA_UPDATES, NULL));
}

static bool ask_for(struct span file, uint64_t most)
{
    struct span server = schema_row_text(settings(), UPDATES_SERVER);
    bool slash = server.n && server.p[server.n - 1] == '/';
    char url[URL_BYTES];
    snprintf(url, sizeof url, "%.*s%s%.*s", (int)server.n, server.p, slash ? "" : "/", (int)file.n, file.p);
    struct buf body = {0};
    wire_put_u32(&body, ++run.id);
    wire_put_span(&body, span_text(url));
    wire_put_span(&body, schema_row_text(settings(), UPDATES_CA));
    wire_put_span(&body, schema_row_text(settings(), UPDATES_PROXY));
    wire_put_u64(&body, most);
    bool sent = role_send(ROLE_FETCH, MSG_FETCH, buf_span(&body), -1);
    buf_free(&body);
    return sent;
}

/* ---- what comes of the package in work ---- */

static void go_on(void)
{
    update_trial_end();
    buf_free(&run.file);
    run.at++;
    next_offer();
}

static void download_failed(const char *why)
{
    struct span file = offer()->file;
    LOG(UPDATE_FAILED, LOG_T(engine_name()), LOG_S(file), LOG_T(why));
    error_set(trouble_of(offer()), "%.*s: %s", (int)file.n, file.p, why);
    go_on();
}

static void name_refused(const char *why, bool is_tried)
{
    LOG(UPDATE_REFUSED, LOG_T(engine_name()), LOG_S(offer()->file), LOG_T(why),
        LOG_U(update_files_get(component()).version));
    error_set(trouble_of(offer()), "%.*s %s", (int)offer()->file.n, offer()->file.p, why);
    update_doubts_refuse(offer(), why, is_tried);
}

static void refuse(const char *why)
{
    name_refused(why, false);
    go_on();
}

static void put_off(const char *why)
{
    LOG(UPDATE_PUT_OFF, LOG_T(engine_name()), LOG_T(why));
    error_set(trouble_of(offer()), "%s", why);
    go_on();
}

/* Scan's reasons are sentences of their own. */
static void refuse_trial(const char *why)
{
    struct error text;
    error_set(&text, "is of no use: %s", why);
    name_refused(text.text, true);
    go_on();
}

/* That may be the hour and not the package; one whose rules hang is found out by nothing else. */
static void put_off_slow(const char *why)
{
    struct error text;
    unsigned minutes = update_doubts_delay(offer(), why);
    error_set(&text, "%.*s %s; it is left alone for %u minutes", (int)offer()->file.n, offer()->file.p, why,
              minutes);
    put_off(text.text);
}

static void install(void)
{
    struct error error;
    if (!update_files_install(component(), offer()->version, buf_span(&run.file), &error)) {
        update_trial_discard();
        put_off(error.text);
        return;
    }
    failpoint("control.package-installed");
    update_doubts_clear(offer());
    update_trial_use();
    LOG(UPDATE_DONE, LOG_T(engine_name()), LOG_T(component_name()), LOG_U(offer()->version));
    go_on();
}

static void take_outcome(enum trial_outcome outcome, const char *why)
{
    switch (outcome) {
    case TRIAL_GOOD:
        install();
        break;
    case TRIAL_BAD:
        refuse_trial(why);
        break;
    case TRIAL_SLOW:
        put_off_slow(why);
        break;
    case TRIAL_PUT_OFF:
        put_off(why);
        break;
    }
}

/* By a trusted key, and what it says it is. */
static bool check_file(struct error *error)
{
    struct package p;
    if (!package_read(buf_span(&run.file), &p, error) || !package_verify(&p, trusted_keys(), NULL, error))
        return false;
    return (p.component == component() && p.version == offer()->version && p.format == offer()->format) ||
           error_set(error, "is not what the manifest says it is");
}

/* What is not as offered says nothing about the package: the next download may be better. */
static void take_package(const char *why, int fd)
{
    struct error error;
    if (!why && !memory_file_read(fd, PACKAGE_BYTES_MAX, &run.file))
        why = "it cannot be read";
    if (!why && !package_is_offered(offer(), buf_span(&run.file), &error))
        why = error.text;
    if (why) {
        download_failed(why);
        return;
    }
    LOG(UPDATE_DOWNLOADED, LOG_T(engine_name()), LOG_S(offer()->file));
    if (!check_file(&error)) {
        refuse(error.text);
        return;
    }
    run.step = TRIAL;
    update_trial_begin(offer(), buf_span(&run.file), take_outcome);
}

/* ---- the manifest ---- */

/* What is known here, wanted and of our format; a version that goes back is refused and named. */
static bool is_wanted(const struct package_offer *o)
{
    int which = package_component_find(o->name);
    struct error why;
    if (which < 0 || !(run.wish.engines & 1u << package_components[which].engine) ||
        o->format != package_components[which].format)
        return false;
    const char *doubt = run.wish.force ? NULL : update_doubts_about(o);
    if (doubt) {
        error_set(trouble_of(o), "%s", doubt); /* as long as it is offered */
        return false;
    }
    const struct update_file now = update_files_get((enum package_component)which);
    if (update_files_wants((enum package_component)which, o->version, o->format, run.wish.force, &why))
        return true;
    if (o->version < now.version && now.file.n)
        name_refused(why.text, false);
    return false;
}

static void tell_of_nothing(void)
{
    for (int i = 0; i < PACKAGE_ENGINE_COUNT; i++)
        if (run.wish.engines & ~run.busy & 1u << i)
            LOG(UPDATE_NOTHING, LOG_T(update_engine_name((enum package_engine)i)), LOG_U(run.list.sequence));
}

static void next_offer(void)
{
    while (run.at < run.list.count && !is_wanted(offer()))
        run.at++;
    if (run.at >= run.list.count) {
        tell_of_nothing();
        end();
        return;
    }
    run.busy |= 1u << package_components[component()].engine;
    LOG(UPDATE_FOUND, LOG_T(engine_name()), LOG_T(component_name()), LOG_U(offer()->version));
    LOG(UPDATE_DOWNLOADING, LOG_T(engine_name()), LOG_S(offer()->file));
    run.step = PACKAGE;
    if (!ask_for(offer()->file, offer()->size))
        download_failed("the fetch role is away");
}

static void manifest_failed(const char *why)
{
    LOG(UPDATE_MANIFEST_FAILED, LOG_T(why));
    error_set(&run.trouble.server, "%s", why);
    end();
}

static bool check_manifest(struct error *error)
{
    const char *key;
    if (!package_list_read(buf_span(&run.manifest), &run.list, error) ||
        !signed_text_verify(&run.list.text, trusted_keys(), &key, error))
        return false;
    uint64_t before = update_files_sequence(key);
    if (run.list.sequence < before)
        return error_set(error, "is rolled back to sequence %llu from %llu",
                         (unsigned long long)run.list.sequence, (unsigned long long)before);
    if (package_list_is_expired(&run.list, clock_wall_us()))
        return error_set(error, "has expired on %.*s: the server offers nothing newer, or a clock is wrong",
                         (int)run.list.expires.n, run.list.expires.p);
    return update_files_accept(&run.list, key, buf_span(&run.manifest), error);
}

static void take_manifest(const char *why, int fd)
{
    struct error error;
    if (!why && !memory_file_read(fd, SIGNED_TEXT_MAX, &run.manifest))
        why = "it cannot be read";
    if (!why && !check_manifest(&error)) {
        struct error named;
        error_set(&named, "manifest %s", error.text);
        manifest_failed(named.text);
        return;
    }
    if (why) {
        manifest_failed(why);
        return;
    }
    run.at = 0;
    next_offer();
}

/* ---- answers ---- */

/* An answer that nobody waits for any more is of a run before. */
void update_run_fetched(struct wire_reader *in, int fd)
{
    uint32_t id = wire_get_u32(in);
    struct span text = wire_get_span(in);
    struct error why;
    error_set(&why, "%.*s", (int)text.n, text.n ? text.p : "");
    const char *failure = text.n ? why.text : NULL;
    if (in->failed || id != run.id)
        return;
    if (run.step == MANIFEST)
        take_manifest(failure, fd);
    else if (run.step == PACKAGE)
        take_package(failure, fd);
}

void update_run_fetch_down(void)
{
    if (run.step == MANIFEST)
        manifest_failed("the fetch role died");
    else if (run.step == PACKAGE)
        download_failed("the fetch role died");
}

bool update_run_begin(const struct update_wish *wish,
                      void (*done)(unsigned engines, const struct update_trouble *trouble))
{
    if (run.step != IDLE)
        return false;
    run.step = MANIFEST;
    run.wish = *wish;
    run.done = done;
    run.busy = 0;
    memset(&run.trouble, 0, sizeof run.trouble);
    for (int i = 0; i < PACKAGE_ENGINE_COUNT; i++)
        if (wish->engines & 1u << i && wish->force)
            LOG(UPDATE_FORCED, LOG_T(update_engine_name((enum package_engine)i)));
        else if (wish->engines & 1u << i)
            LOG(UPDATE_SIGNALLED, LOG_T(update_engine_name((enum package_engine)i)));
    update_files_attempt(clock_wall_us());
    if (!ask_for(SPAN("manifest"), SIGNED_TEXT_MAX))
        manifest_failed("the fetch role is away");
    return true;
}
