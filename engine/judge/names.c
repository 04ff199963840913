/* Names of answers and engines: apart from the judge, for those who only read what it said. */
#include "engine/judge/judge.h"

const char *judge_verdict_name(enum judge_verdict verdict)
{
    static const char *const names[] = {
        [JUDGE_NEGATIVE] = "negative",       [JUDGE_SUSPECT] = "suspect",
        [JUDGE_POSITIVE] = "positive",       [JUDGE_NOT_SCANNED] = "not scanned",
        [JUDGE_UNSCANNABLE] = "unscannable", [JUDGE_OFF] = "off",
    };
    return names[verdict];
}

const char *judge_graymail_name(enum judge_graymail graymail)
{
    static const char *const names[JUDGE_GRAYMAIL_ANSWERS] = {
        [JUDGE_GRAYMAIL_OFF] = "off",
        [JUDGE_GRAYMAIL_NEGATIVE] = "negative",
        [JUDGE_GRAYMAIL_MARKETING] = "marketing",
        [JUDGE_GRAYMAIL_SOCIAL] = "social",
        [JUDGE_GRAYMAIL_BULK] = "bulk",
        [JUDGE_GRAYMAIL_TOO_BIG] = "not scanned",
        [JUDGE_GRAYMAIL_SIGNED] = "signed",
    };
    return names[graymail];
}

bool judge_is_graymail(enum judge_graymail graymail)
{
    return graymail == JUDGE_GRAYMAIL_MARKETING || graymail == JUDGE_GRAYMAIL_SOCIAL ||
           graymail == JUDGE_GRAYMAIL_BULK;
}

const char *judge_engine_name(enum judge_engine engine)
{
    return engine == JUDGE_GRAYMAIL ? "graymail" : "antispam";
}
