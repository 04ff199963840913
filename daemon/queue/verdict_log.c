/* The log lines of a judged message. */
#include "daemon/queue/verdict_log.h"

#include <stdlib.h>

#include "daemon/log_lines.h"

const char *verdict_log_engine(enum judge_engine engine)
{
    return engine == JUDGE_GRAYMAIL ? "GRAYMAIL" : "CASE";
}

/* " name=+1.234" for each. */
static void put_reasons(struct buf *out, const struct judge_reason *reasons, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        int32_t weight = reasons[i].millilogodds;
        buf_append_char(out, ' ');
        buf_append_span(out, reasons[i].name);
        buf_printf(out, "=%s%d.%03d", weight < 0 ? "-" : "+", abs(weight / 1000), abs(weight % 1000));
    }
}

static void log_detail(const struct message *m, const struct judge_child *judged)
{
    struct buf text = {0};
    put_reasons(&text, judged->reasons, judged->reason_count);
    if (judged->test_mark)
        buf_append_span(&text, SPAN(" (test header)"));
    if (judged->partial)
        buf_append_span(&text, SPAN(" (partial)"));
    if (judged->limited_rule.n)
        buf_printf(&text, " (rule %.*s met its limit)", (int)judged->limited_rule.n, judged->limited_rule.p);
    LOG(VERDICT_DETAIL, LOG_U(message_mid(m)), LOG_U(judged->score < 0 ? 0 : (uint64_t)judged->score),
        LOG_S(buf_span(&text)), LOG_U(m->revision));
    buf_free(&text);
}

static void log_peer(uint64_t mid, enum peer_id id, const struct peer_verdict *v)
{
    struct buf text = {0};
    if (v->state == PEER_NONE)
        return;
    if (v->state != PEER_ANSWERED) {
        LOG(VERDICT_PEER_NONE, LOG_U(mid), LOG_T(peer_name(id)), LOG_T(peer_state_text(v->state)));
        return;
    }
    peer_points_print(&text, v->points);
    buf_append_char(&text, '/');
    peer_points_print(&text, v->required);
    buf_append_span(&text, v->symbols.n ? SPAN(" ") : SPAN(""));
    buf_append_span(&text, v->symbols);
    LOG(VERDICT_PEER, LOG_U(mid), LOG_T(peer_name(id)), LOG_T(v->spam ? "positive" : "negative"),
        LOG_S(buf_span(&text)));
    buf_free(&text);
}

/* With multiscan each engine has its line, in the order in which they were asked. */
static void log_interim(uint64_t mid, const struct judge_child *judged, struct span peers)
{
    struct peer_verdict verdicts[PEER_COUNT];
    struct wire_reader in = wire_reader_of(peers);
    if (peers.n)
        peer_verdicts_get(&in, verdicts);
    for (unsigned i = 0; peers.n && i < PEER_COUNT; i++)
        log_peer(mid, i, &verdicts[i]);
    LOG(VERDICT_INTERIM, LOG_U(mid), LOG_T(judge_verdict_name(judged->own_verdict)));
}

static void log_final(uint64_t mid, const struct judge_child *judged, struct span peers)
{
    bool multiscan = judged->scanner == JUDGE_SCANNER_MULTISCAN;
    if (multiscan)
        log_interim(mid, judged, peers);
    LOG(VERDICT, LOG_U(mid), LOG_T(multiscan ? "IMS" : "CASE"), LOG_T(judge_verdict_name(judged->verdict)));
}

static void log_verdict(const struct message *m, const struct judge_child *judged, struct span cause,
                        struct span peers)
{
    uint64_t mid = message_mid(m);
    switch (judged->verdict) {
    case JUDGE_NEGATIVE:
        log_final(mid, judged, peers);
        log_send(LINE_VERDICT_NEGATIVE, NULL, 0);
        break;
    case JUDGE_SUSPECT:
        log_final(mid, judged, peers);
        log_send(LINE_VERDICT_SUSPECT, NULL, 0);
        break;
    case JUDGE_POSITIVE:
        log_final(mid, judged, peers);
        log_send(LINE_VERDICT_POSITIVE, NULL, 0);
        break;
    case JUDGE_NOT_SCANNED:
        LOG(TOO_BIG, LOG_U(mid), LOG_U(m->body.length), LOG_U(judged->size_limit));
        LOG(JUDGED_BY, LOG_U(mid), LOG_U(m->revision));
        return;
    case JUDGE_UNSCANNABLE:
        LOG(UNSCANNABLE, LOG_U(mid), LOG_S(cause));
        LOG(JUDGED_BY, LOG_U(mid), LOG_U(m->revision));
        return;
    case JUDGE_OFF:
        LOG(SCAN_OFF, LOG_U(mid), LOG_U(m->revision));
        return;
    }
    log_detail(m, judged);
}

static void log_graymail_found(const struct message *m, const struct judge_child *judged,
                               enum log_line counter)
{
    struct buf points = {0}, reasons = {0};
    buf_printf(&points, "%.2f", judged->graymail_points / 1000.0);
    put_reasons(&reasons, judged->graymail_reasons, judged->graymail_reason_count);
    LOG(GRAYMAIL, LOG_U(message_mid(m)), LOG_T("positive"));
    LOG(GRAYMAIL_DETAIL, LOG_U(message_mid(m)), LOG_T(judge_graymail_name(judged->graymail)),
        LOG_S(buf_span(&points)), LOG_S(buf_span(&reasons)));
    log_send(counter, NULL, 0);
    buf_free(&points);
    buf_free(&reasons);
}

static void log_graymail(const struct message *m, const struct judge_child *judged)
{
    uint64_t mid = message_mid(m);
    switch (judged->graymail) {
    case JUDGE_GRAYMAIL_NEGATIVE:
        LOG(GRAYMAIL, LOG_U(mid), LOG_T("negative"));
        log_send(LINE_GRAYMAIL_NEGATIVE, NULL, 0);
        break;
    case JUDGE_GRAYMAIL_MARKETING:
        log_graymail_found(m, judged, LINE_GRAYMAIL_MARKETING);
        break;
    case JUDGE_GRAYMAIL_SOCIAL:
        log_graymail_found(m, judged, LINE_GRAYMAIL_SOCIAL);
        break;
    case JUDGE_GRAYMAIL_BULK:
        log_graymail_found(m, judged, LINE_GRAYMAIL_BULK);
        break;
    case JUDGE_GRAYMAIL_TOO_BIG:
        LOG(GRAYMAIL_TOO_BIG, LOG_U(mid), LOG_U(m->body.length), LOG_U(judged->graymail_limit));
        break;
    case JUDGE_GRAYMAIL_SIGNED:
        LOG(GRAYMAIL_SIGNED, LOG_U(mid));
        break;
    case JUDGE_GRAYMAIL_OFF:
    case JUDGE_GRAYMAIL_ANSWERS:
        break;
    }
}

void verdict_log(const struct message *m, const struct judge_child *judged, struct span cause,
                 struct span peers)
{
    LOG(POLICY, LOG_U(message_mid(m)), LOG_S(judged->policy), LOG_T(m->outbound ? "outbound" : "inbound"));
    log_verdict(m, judged, cause, peers);
    log_graymail(m, judged);
}

void verdict_log_action(const struct message *m, const struct judge_child *judged, uint64_t rcid)
{
    uint64_t mid = message_mid(m);
    switch (judged->action) {
    case JUDGE_DELIVER:
        if (judged->host.n)
            LOG(ALTERNATE_HOST, LOG_U(mid), LOG_S(judged->host), LOG_T(judge_engine_name(judged->host_by)));
        LOG(QUEUED, LOG_U(mid));
        break;
    case JUDGE_QUARANTINE:
        LOG(ISQ_TAG, LOG_U(mid));
        LOG(QUEUED, LOG_U(mid));
        LOG(RPC_START, LOG_U(rcid), LOG_U(mid));
        LOG(ISQ_QUARANTINED, LOG_U(mid));
        LOG(RPC_DONE, LOG_U(rcid), LOG_U(mid));
        LOG(FINISHED, LOG_U(mid));
        break;
    case JUDGE_DROP:
        LOG(DROPPED, LOG_U(mid), LOG_T(verdict_log_engine(judged->action_by)));
        LOG(FINISHED_ABORTED, LOG_U(mid));
        break;
    case JUDGE_BOUNCE:
        LOG(BOUNCED_BY_VERDICT, LOG_U(mid), LOG_T(verdict_log_engine(judged->action_by)));
        LOG(FINISHED_ABORTED, LOG_U(mid));
        break;
    }
}
