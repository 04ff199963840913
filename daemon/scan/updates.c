/* What is tried, what is to be used, and what runs. */
#include "daemon/scan/updates.h"

#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/memory_file.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/scan/learned.h"

static const struct updates_pool *pool;
static struct engine_files *shipped, *wanted, *running, *tried;
static struct learned_set *learned_wanted, *learned_prepared, *learned_running;
static struct engine_files
    *preparing; /* with these the pool's next generation is prepared; NULL: there is none */
static struct buf incoming[PACKAGE_COMPONENT_COUNT];
static uint32_t tried_id;
static bool config_is_next, learns_next, learns;
static struct {
    struct learned_set *set; /* that the first configuration does without; NULL: none */
    struct error why;
} dropped;

/* Whose the pool's next generation is, as far as it is ours. */
static enum { NOBODY, TRYING, TRIED, FOLLOWING } stage;

static void replace(struct engine_files **place, struct engine_files *files)
{
    struct engine_files *old = *place;
    *place = files ? engine_files_ref(files) : NULL;
    engine_files_unref(old);
}

static void replace_learned(struct learned_set **place, struct learned_set *set)
{
    struct learned_set *old = *place;
    *place = learned_set_ref(set);
    learned_set_unref(old);
}

bool updates_start(const struct updates_pool *hooks, struct error *error)
{
    pool = hooks;
    shipped = engine_files_shipped(error);
    replace(&wanted, shipped);
    return shipped != NULL;
}

void updates_stop(void)
{
    replace(&tried, NULL);
    replace(&preparing, NULL);
    replace(&running, NULL);
    replace(&wanted, NULL);
    replace(&shipped, NULL);
    replace_learned(&learned_wanted, NULL);
    replace_learned(&learned_prepared, NULL);
    replace_learned(&learned_running, NULL);
    replace_learned(&dropped.set, NULL);
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        buf_free(&incoming[i]);
    stage = NOBODY;
    config_is_next = learns = false;
}

struct engine_files *updates_files(void)
{
    return preparing;
}

struct learned_set *updates_learned(void)
{
    return learned_prepared;
}

static void answer(uint32_t id, enum engine_outcome outcome, const char *why)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_u8(&body, (uint8_t)outcome);
    wire_put_span(&body, span_text(why));
    role_send(ROLE_CONTROL, MSG_ENGINE_TRIED, buf_span(&body), -1);
    buf_free(&body);
}

bool updates_fall_back(const struct error *why)
{
    if (running || (engine_files_equal(preparing, shipped) && !learned_prepared))
        return false;
    if (engine_files_equal(preparing, shipped)) {
        replace_learned(&dropped.set, learned_prepared);
        dropped.why = *why;
        replace_learned(&learned_prepared, NULL);
    } else {
        replace(&preparing, shipped);
    }
    return true;
}

/* It runs, and could not with what was learned.  Updates that it does without, too, are tried again beside it: they may
 * not have been the cause, and if they are that is told then. */
static void tell_dropped(void)
{
    LOG(LEARNED_REFUSED, LOG_T(dropped.why.text));
    if (learned_wanted == dropped.set)
        replace_learned(&learned_wanted, NULL);
}

/* ---- what is to be used ---- */

static bool is_up_to_date(void)
{
    return engine_files_equal(running, wanted) && (!learns || learned_running == learned_wanted);
}

/* Nothing else is tried in their place, unless it came meanwhile.  Updates are the more likely cause: without them what was
 * learned gets another chance. */
static void keep_running(const struct error *why)
{
    if (engine_files_equal(running, preparing)) {
        LOG(LEARNED_REFUSED, LOG_T(why->text));
        if (learned_wanted == learned_prepared)
            replace_learned(&learned_wanted, learned_running);
        return;
    }
    LOG(ENGINE_KEPT, LOG_T(why->text));
    answer(0, ENGINE_REFUSED, why->text);
    if (engine_files_equal(wanted, preparing))
        replace(&wanted, running);
}

static bool prepare(struct engine_files *files, struct error *error)
{
    replace(&preparing, files);
    replace_learned(&learned_prepared, learns ? learned_wanted : NULL);
    return pool->prepare(files, error);
}

/* Before the first configuration nothing runs that could follow. */
static void follow(void)
{
    struct error error;
    while (!config_is_next && stage == NOBODY && running && !is_up_to_date()) {
        stage = FOLLOWING;
        if (prepare(wanted, &error))
            return;
        stage = NOBODY;
        keep_running(&error);
    }
}

/* So that a verdict can be traced to its rules and model: the log has it before the first message of theirs. */
static void set_running(struct engine_files *files)
{
    if (!running || !engine_files_equal(running, files)) {
        struct buf text = {0};
        engine_files_put_versions(files, &text);
        LOG(ENGINE_IN_USE, LOG_S(buf_span(&text)));
        buf_free(&text);
    }
    if (learned_running != learned_prepared)
        LOG(LEARNED_IN_USE, LOG_U(learned_set_count(learned_prepared)));
    replace(&running, files);
    replace_learned(&learned_running, learned_prepared);
}

static void use_prepared(void)
{
    stage = NOBODY;
    set_running(preparing);
    pool->apply();
}

static void give_up(void)
{
    if (stage == NOBODY)
        return;
    bool was_trying = stage == TRYING;
    stage = NOBODY;
    pool->discard();
    if (was_trying)
        answer(tried_id, ENGINE_BUSY, "another change came first");
}

void updates_config_begins(bool learns_by_it)
{
    give_up();
    config_is_next = true;
    learns_next = learns_by_it;
    replace(&preparing, wanted);
    replace_learned(&learned_prepared, learns_next ? learned_wanted : NULL);
    replace_learned(&dropped.set, NULL);
}

void updates_config_ended(bool applied)
{
    config_is_next = false;
    if (applied) {
        learns = learns_next;
        set_running(preparing);
    }
    if (applied && dropped.set)
        tell_dropped();
    replace_learned(&dropped.set, NULL);
    follow();
}

static enum engine_outcome outcome_of(const struct error *refusal)
{
    if (!refusal)
        return ENGINE_READY;
    return pool->was_late() ? ENGINE_LATE : ENGINE_REFUSED;
}

bool updates_prepared(const struct error *refusal)
{
    if (stage == TRYING) {
        stage = refusal ? NOBODY : TRIED;
        answer(tried_id, outcome_of(refusal), refusal ? refusal->text : "");
        follow();
        return true;
    }
    if (stage != FOLLOWING)
        return false;
    stage = NOBODY;
    if (refusal)
        keep_running(refusal);
    else
        use_prepared();
    follow();
    return true;
}

/* ---- messages ---- */

static void take_examples(struct wire_reader *in, int fd)
{
    struct buf bytes = {0};
    uint32_t count = wire_get_u32(in);
    in->failed |= (count > 0) != (fd >= 0) || (fd >= 0 && !memory_file_read(fd, SCAN_LEARNED_BYTES, &bytes));
    if (in->failed || span_equal(buf_span(&bytes), learned_set_bytes(learned_wanted))) {
        buf_free(&bytes);
        return;
    }
    struct learned_set *set = count ? learned_set_new(count, &bytes) : NULL;
    replace_learned(&learned_wanted, set);
    learned_set_unref(set);
    follow();
}

static void take_package(struct wire_reader *in, int fd)
{
    uint8_t component = wire_get_u8(in);
    in->failed = in->failed || component >= PACKAGE_COMPONENT_COUNT || fd < 0;
    if (in->failed)
        return;
    buf_clear(&incoming[component]);
    in->failed = !memory_file_read(fd, PACKAGE_BYTES_MAX, &incoming[component]);
}

/* What came, which is over with that. */
static struct engine_files *take_incoming(struct error *error)
{
    struct span packages[PACKAGE_COMPONENT_COUNT];
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        packages[i] = buf_span(&incoming[i]);
    struct engine_files *files = engine_files_updated(shipped, packages, error);
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        buf_free(&incoming[i]);
    return files;
}

static void try(uint32_t id)
{
    struct error error;
    give_up();
    engine_files_unref(tried);
    tried = take_incoming(&error);
    tried_id = id;
    if (tried && (config_is_next || !running)) {
        answer(id, ENGINE_BUSY, "another change comes first");
        return;
    }
    if (tried) {
        stage = TRYING;
        if (prepare(tried, &error))
            return;
        stage = NOBODY;
    }
    answer(id, ENGINE_REFUSED, error.text);
    follow();
}

static void use_installed(void)
{
    struct error error;
    struct engine_files *files = take_incoming(&error);
    if (files) {
        replace(&wanted, files);
        engine_files_unref(files);
    } else {
        LOG(ENGINE_REFUSED, LOG_T(error.text));
        answer(0, ENGINE_REFUSED, error.text);
    }
    follow();
}

static void use_tried(uint32_t id)
{
    if (!tried || id != tried_id)
        return;
    replace(&wanted, tried);
    if (stage == TRIED)
        use_prepared();
    follow();
}

static void discard_tried(void)
{
    give_up();
    follow();
}

void updates_control_up(void)
{
    if (stage == TRYING || stage == TRIED) {
        stage = NOBODY;
        pool->discard();
    }
}

bool updates_message(uint16_t type, struct wire_reader *in, int fd)
{
    if (type == MSG_EXAMPLES) {
        take_examples(in, fd);
        if (fd >= 0)
            close(fd);
        return true;
    }
    if (type < MSG_ENGINE_PACKAGE || type > MSG_ENGINE_DISCARD)
        return false;
    uint32_t id = 0;
    if (type == MSG_ENGINE_PACKAGE)
        take_package(in, fd);
    else
        id = wire_get_u32(in);
    if (fd >= 0)
        close(fd);
    if (in->failed || type == MSG_ENGINE_PACKAGE)
        return true;
    if (type == MSG_ENGINE_TRY)
        try(id);
    else if (type == MSG_ENGINE_USE && id)
        use_tried(id);
    else if (type == MSG_ENGINE_USE)
        use_installed();
    else if (id == tried_id)
        discard_tried();
    return true;
}
