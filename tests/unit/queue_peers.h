/* The peers of a queue role under test: what it would be told, what it said, and lives that end without warning.
 *
 * Each life of the role is a process of its own, which ends by _exit() as if it were killed; the state folder
 * stays from life to life.
 */
#ifndef TESTS_UNIT_QUEUE_PEERS_H
#define TESTS_UNIT_QUEUE_PEERS_H

#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/judge/judge.h"

/* The message that most tests send, and as it leaves after peers_judge(). */
#define MAIL SPAN("Message-ID: <one@example.org>\r\nSubject: hello\r\n\r\nbody\r\n")
#define JUDGED SPAN("X-Judged: yes\r\nMessage-ID: <one@example.org>\r\nSubject: hello\r\n\r\nbody\r\n")

/* Above half a segment of the tests. */
struct span peers_large_body(void);

/* fdatasync: whether the spool's fail, and how many there were. */
extern bool peers_sync_fails;
extern int peers_syncs;

/* Ends the life as failed. */
#define CHECK(condition) peers_check((condition), #condition, __FILE__, __LINE__)
void peers_check(bool good, const char *what, const char *file, int line);

/* The first configuration of a life: the built-in defaults run from its start, unless this is set. */
extern bool peers_without_config;
void peers_first_config(void);
/* Changes a field of a row, which is made when there is none, and the routes; then the next revision runs. */
void peers_set_row(enum schema_table_id table, const char *key, unsigned field, const char *value);
void peers_set_route(const char *domain, const char *destination);
void peers_clear_routes(void);
void peers_commit(void);

/* Of mail that is sent: from a client that may relay. Of verdicts: a copy is to be kept. */
extern bool peers_outbound, peers_archive;
/* Of verdicts: the alternate host and recipient; "": none. */
extern const char *peers_host, *peers_recipient;
/* What its sender wants to be told (RFC 3461), about every recipient.  Of deliveries: who tells him of their success. */
extern uint8_t peers_notify, peers_returns;
extern struct span peers_original, peers_envelope_id;
extern enum deliver_handover peers_handover;
/* The revision that scan says it judged with. */
extern uint64_t peers_judged_by;
#define PEERS_VERSIONS "antispam-rules 20261122, spam-model 1"

/* Of every test. */
int peers_set_up(void **state);
int peers_tear_down(void **state);
const char *peers_folder(void);
/* For the next lives. */
void peers_set(const char *name, const char *value);
/* Starts the role in a new process, runs life there, and returns whether all its checks held. */
bool peers_life(void (*life)(void));

/* Until the role has no more to do at once; seconds more of waiting when that is not 0. */
void peers_turn(void);
/* Wall time goes on by so much at once. */
void peers_pass_time(double seconds);
/* The clock of waiting and of time-outs does. */
void peers_pass_idle(double seconds);
/* Runs the role until `what` is so; fails when it is not within ten seconds. */
#define AWAIT(what)                                                                                          \
    for (int64_t deadline = clock_mono_us() + 10 * 1000 * 1000; !(what);)                                    \
    peers_step(deadline, #what, __FILE__, __LINE__)
void peers_step(int64_t deadline, const char *what, const char *file, int line);
void peers_up(enum role_id peer);
/* How often the role had this peer started anew. */
extern int peers_replaced[ROLE_COUNT];

void peers_tell(enum role_id peer, uint16_t type, struct buf *body); /* frees body */
/* The oldest message of that type that the role sent to peer and that was not taken yet; false when there is none.
 * The reader is valid to the end of the life. */
bool peers_take(enum role_id peer, uint16_t type, struct wire_reader *in, int *fd);
/* How many log lines so far contain text. */
int peers_logged(const char *text);
/* A figure of MSG_STATUS_QUERY. */
uint64_t peers_gauge(const char *name);

/* Both peers with nothing in hand; the first time smtp takes the MIDs 1 to 1000. */
void peers_hello(void);
/* MAIL is accepted as MID 1. */
void peers_accept_one(void);
/* It is judged, and smtp is given its delivery. */
struct deliver_job peers_judge_and_take_job(void);

/* smtp and scan with their everyday words. */
void peers_smtp_hello(uint64_t mid, uint32_t attempt); /* mid 0: nothing in hand */
void peers_scan_hello(uint64_t mid);                   /* mid 0: nothing in hand */
void peers_send_mail(uint64_t mid, const char *sender, const char *recipients, struct span body);
bool peers_accepted(uint64_t mid);
/* The code of the refusal; 0: none. */
int peers_refused(uint64_t mid);
/* Takes the next scan job; 0: none. */
uint64_t peers_scan_job(void);
/* One child for count recipients. */
void peers_judge(uint64_t mid, uint32_t count, enum judge_verdict verdict, enum judge_action action);
/* The same without a turn of the role: the operation waits. */
void peers_say_verdict(uint64_t mid, uint32_t count, enum judge_verdict verdict, enum judge_action action);
/* Takes the next delivery job into *job (to the end of the life); *text is what is to be sent.  False: none. */
bool peers_deliver_job(struct deliver_job *job, struct span *text);
/* The same outcome for all recipients of the job; code 0: none. */
void peers_deliver(const struct deliver_job *job, enum deliver_outcome outcome, const char *reply);
bool peers_delivery_acknowledged(uint64_t mid, uint32_t attempt);
/* Files and folders in a folder, but for hidden ones. */
int peers_files_in(const char *name);
/* How many final events of that kind log was sent, in all. */
int peers_finals(enum final_kind kind);

#endif
