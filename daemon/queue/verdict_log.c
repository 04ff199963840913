/* The log lines of a judged message. */
#include "daemon/queue/verdict_log.h"

#include <stdlib.h>

#include "daemon/log_lines.h"

static void log_detail(const struct message *m, const struct judge_child *judged)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < judged->reason_count; i++) {
        int32_t weight = judged->reasons[i].millilogodds;
        buf_append_char(&text, ' ');
        buf_append_span(&text, judged->reasons[i].name);
        buf_printf(&text, "=%s%d.%03d", weight < 0 ? "-" : "+", abs(weight / 1000), abs(weight % 1000));
    }
    if (judged->test_mark)
        buf_append_span(&text, SPAN(" (test header)"));
    if (judged->partial)
        buf_append_span(&text, SPAN(" (partial)"));
    LOG(VERDICT_DETAIL, LOG_U(message_mid(m)), LOG_U(judged->score < 0 ? 0 : (uint64_t)judged->score),
        LOG_S(buf_span(&text)), LOG_U(m->revision));
    buf_free(&text);
}

static void log_verdict(const struct message *m, const struct judge_child *judged, struct span cause)
{
    uint64_t mid = message_mid(m);
    switch (judged->verdict) {
    case JUDGE_NEGATIVE:
        LOG(VERDICT, LOG_U(mid), LOG_T("negative"));
        log_send(LINE_VERDICT_NEGATIVE, NULL, 0);
        break;
    case JUDGE_SUSPECT:
        LOG(VERDICT, LOG_U(mid), LOG_T("suspect"));
        log_send(LINE_VERDICT_SUSPECT, NULL, 0);
        break;
    case JUDGE_POSITIVE:
        LOG(VERDICT, LOG_U(mid), LOG_T("positive"));
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

void verdict_log(const struct message *m, const struct judge_child *judged, struct span cause)
{
    LOG(POLICY, LOG_U(message_mid(m)), LOG_S(judged->policy), LOG_T(m->outbound ? "outbound" : "inbound"));
    log_verdict(m, judged, cause);
}

void verdict_log_action(const struct message *m, const struct judge_child *judged, uint64_t rcid)
{
    uint64_t mid = message_mid(m);
    switch (judged->action) {
    case JUDGE_DELIVER:
        if (judged->host.n)
            LOG(ALTERNATE_HOST, LOG_U(mid), LOG_S(judged->host));
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
        LOG(DROPPED, LOG_U(mid));
        LOG(FINISHED_ABORTED, LOG_U(mid));
        break;
    case JUDGE_BOUNCE:
        LOG(BOUNCED_BY_VERDICT, LOG_U(mid));
        LOG(FINISHED_ABORTED, LOG_U(mid));
        break;
    }
}
