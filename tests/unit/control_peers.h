/* The roles around control under test, and lives of control that end without warning.
 *
 * Each life is a process of its own; the state folder stays from life to life.  The fake roles take what control
 * sends, and answer at the next control_turn().
 */
#ifndef TESTS_UNIT_CONTROL_PEERS_H
#define TESTS_UNIT_CONTROL_PEERS_H

#include "daemon/control/commit.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

/* Ends the life as failed. */
#define CHECK(condition) control_check((condition), #condition, __FILE__, __LINE__)
void control_check(bool good, const char *what, const char *file, int line);

/* Of every test. */
int control_set_up(void **state);
int control_tear_down(void **state);
/* Runs life in a new process and returns whether all its checks held. */
bool control_life(void (*life)(void));
/* The same for a life that ends by role_fatal(). */
bool control_life_fails(void (*life)(void));
/* For the next lives. */
void control_set_private(bool is_private);
/* How many log lines so far contain text. */
int control_logged(const char *text);

/* Whether people were told something with text in it. */
bool control_noticed(const char *text);

/* Opens the head; all four roles connect with nothing and are brought to it. */
void control_start(void);
/* Until nobody has anything to do at once. */
void control_turn(void);
/* Runs until `what` is so; fails when it is not within ten seconds. */
#define AWAIT(what)                                                                                          \
    for (int64_t deadline = clock_mono_us() + 10 * 1000 * 1000; !(what);)                                    \
    control_step(deadline, #what, __FILE__, __LINE__)
void control_step(int64_t deadline, const char *what, const char *file, int line);

/* A fake role: what it has, how it behaves, and what it was told. */
struct fake_role {
    bool connected;
    struct config_revision running, prepared, building;
    uint32_t attempt;    /* of what it is building */
    const char *refuses; /* why it refuses to prepare; NULL: it prepares */
    bool never_prepares, never_applies;
    uint64_t dies_preparing; /* this revision; 0: none */
    bool holds_answers;      /* until control_turn() after this is false again */
    unsigned rows, pieces, begins, whole, heads;
    int stale; /* how often control called it stale */
    char stale_why[128];
};
extern struct fake_role fakes[ROLE_COUNT];
void fake_up(enum role_id role);
/* Dies, and forgets everything but how it behaves. */
void fake_down(enum role_id role);
bool fake_runs(enum role_id role, uint64_t revision);
bool all_run(uint64_t revision);

/* A candidate on the head with count routes more: domains PREFIX-000000.example and so on. */
void add_routes(struct config_candidate *c, const char *prefix, unsigned count);
void put_route(struct config_candidate *c, const char *domain, const char *destination);

/* Ends the life when the store does not open. */
void open_head(void);
/* A number that config.db itself gives. */
int64_t ask_store(const char *sql);
/* The destination of a domain in a tree, or an empty span. */
struct span route_of(const struct config_tree *tree, const char *domain);

/* What became of a commit. */
struct outcome {
    bool done;
    struct commit_result result; /* its texts are copies; manifest only tells whether there was one */
    char text[512], role[16];
    uint64_t revision;
    unsigned warnings, conflicts;
};
/* commit_id is also the comment; o is filled in as the commit goes on. */
void start_commit(struct config_candidate *c, const char *commit_id, struct outcome *o);
/* To be confirmed within so many microseconds. */
void start_confirmed_commit(struct config_candidate *c, const char *commit_id, int64_t within,
                            struct outcome *o);
void start_check(struct config_candidate *c, struct outcome *o);

#endif
