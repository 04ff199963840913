/* The scale of scores. */
#ifndef ENGINE_SCAN_SCORE_H
#define ENGINE_SCAN_SCORE_H

/* 0 to 99: the probability, in percent, that calibrated log-odds stand for. */
int scan_score_of_log_odds(double calibrated);

#endif
