/* The scale of scores. */
#include "engine/scan/score.h"

#include <math.h>

int scan_score_of_log_odds(double calibrated)
{
    int score = (int)floor(100 / (1 + exp(-calibrated)));
    return score > 99 ? 99 : score;
}
