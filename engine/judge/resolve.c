/* The resolve step: which part of a policy speaks for an answer, and what the parts leave of each other. */
#include "engine/judge/resolve.h"

static const struct judge_treatment untouched = {.action = JUDGE_DELIVER};

static const struct judge_treatment *of_verdict(const struct judge_policy *policy, enum judge_verdict verdict)
{
    switch (verdict) {
    case JUDGE_POSITIVE:
        return &policy->positive;
    case JUDGE_SUSPECT:
        return &policy->suspect;
    default:
        return &untouched;
    }
}

static const struct judge_treatment *of_graymail(const struct judge_policy *policy,
                                                 enum judge_graymail graymail)
{
    switch (graymail) {
    case JUDGE_GRAYMAIL_MARKETING:
        return &policy->marketing;
    case JUDGE_GRAYMAIL_SOCIAL:
        return &policy->social;
    case JUDGE_GRAYMAIL_BULK:
        return &policy->bulk;
    default:
        return &untouched;
    }
}

static bool ends(enum judge_action action)
{
    return action == JUDGE_DROP || action == JUDGE_BOUNCE;
}

/* No mail is left that marks, a host or a recipient could change. */
static void end(struct judge_resolution *r)
{
    for (unsigned i = 0; i < JUDGE_ENGINES; i++)
        r->marks[i] = NULL;
    r->host = r->recipient = (struct span){0};
    r->host_by = r->recipient_by = JUDGE_ANTISPAM;
}

/* What one engine wants, after those before it. */
static void hear(struct judge_resolution *r, const struct judge_treatment *t, enum judge_engine engine)
{
    r->archive[engine] = t->archive;
    if (t->action != JUDGE_DELIVER) {
        r->action = t->action;
        r->action_by = engine;
    }
    if (ends(t->action)) {
        end(r);
        return;
    }
    if (t->action == JUDGE_QUARANTINE)
        r->host = (struct span){0}; /* of an engine before; its own follows */
    bool has_marks = t->subject_change != JUDGE_SUBJECT_KEEP || t->header.n > 0;
    r->marks[engine] = has_marks ? t : NULL;
    if (t->host.n) {
        r->host = t->host;
        r->host_by = engine;
    }
    if (t->recipient.n) {
        r->recipient = t->recipient;
        r->recipient_by = engine;
    }
}

void judge_resolve(const struct judge_policy *policy, enum judge_verdict verdict,
                   enum judge_graymail graymail, struct judge_resolution *resolution)
{
    *resolution = (struct judge_resolution){.action = JUDGE_DELIVER};
    if (verdict == JUDGE_UNSCANNABLE) {
        resolution->action = policy->unscannable;
        return;
    }
    hear(resolution, of_verdict(policy, verdict), JUDGE_ANTISPAM);
    if (verdict != JUDGE_POSITIVE && !ends(resolution->action))
        hear(resolution, of_graymail(policy, graymail), JUDGE_GRAYMAIL);
    if (resolution->host.n && resolution->action == JUDGE_QUARANTINE) {
        resolution->action = JUDGE_DELIVER;
        resolution->action_by = resolution->host_by;
    }
}
