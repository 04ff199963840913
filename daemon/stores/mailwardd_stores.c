/* mailwardd-stores: what mailwardd --check, --backup and --restore start, in the state folder.
 *
 * A program of its own, so that the master need not link what reads stores, and without root's rights: it becomes the
 * owner of the stores before it reads the first of them.  A backup goes to standard output and comes from standard input.
 */
#define _GNU_SOURCE /* setgroups */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/privileges.h"
#include "daemon/stores/backup.h"
#include "daemon/stores/check.h"
#include "daemon/stores/restore.h"
#include "daemon/stores_status.h"
#include "engine/base/dumps.h"
#include "engine/base/text.h"

/* SQLite's words may quote a hostile file. */
static int fail(const struct error *error)
{
    struct buf safe = {0};
    text_from_wire(&safe, span_text(error->text), sizeof error->text);
    fprintf(stderr, "mailwardd: %s\n", buf_text(&safe));
    buf_free(&safe);
    return STORES_FAILED;
}

/* The owner of the state folder itself, which root named; what is in it may have been put there by a role. */
static bool become_owner(struct error *error)
{
    struct stat st;
    if (access("queue", F_OK) != 0 || access("config", F_OK) != 0)
        return error_set(error, "there are no stores in this state folder");
    if (stat(".", &st) != 0)
        return error_set_errno(error, "cannot look at the state folder");
    if (geteuid() != 0)
        return privileges_drop(error); /* mailwardd is not root in a system instance, and has capabilities */
    if (st.st_uid == 0)
        return true;
    return (setgroups(0, NULL) == 0 && setgid(st.st_gid) == 0 && setuid(st.st_uid) == 0) ||
           error_set_errno(error, "cannot become the owner of the stores");
}

/* mailwardd holds the lock, and gives a backup its name: nothing is done without it, also when it ended before the kernel
 * was told. */
static bool end_with(const char *mailwardd, struct error *error)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return strtol(mailwardd, NULL, 10) == (long)getppid() ||
           error_set(error, "the mailwardd that started this has ended");
}

static int run_check(void)
{
    struct report report = {.to = stdout};
    check_all(&report);
    return report.problems ? STORES_PROBLEMS : STORES_GOOD;
}

static int run_backup(void)
{
    struct report report = {.to = stderr};
    struct error error;
    if (!backup_write(STDOUT_FILENO, &report, &error))
        return fail(&error);
    return report.problems ? STORES_PROBLEMS : STORES_GOOD;
}

static int run_restore(bool hold)
{
    struct report report = {.to = stderr};
    struct error error;
    if (restore_read(STDIN_FILENO, hold, stdout, &report, &error))
        return STORES_GOOD;
    fail(&error);
    fputs("mailwardd: nothing was restored\n", stderr);
    return STORES_FAILED;
}

int main(int argc, char **argv)
{
    struct error error;
    const char *what = argc == 3 ? argv[1] : "";
    umask(0077);
    dumps_forbid();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of the writing */
    if (!become_owner(&error) || (argc == 3 && !end_with(argv[2], &error)))
        return fail(&error);
    if (strcmp(what, "check") == 0)
        return run_check();
    if (strcmp(what, "backup") == 0)
        return run_backup();
    if (strcmp(what, "restore") == 0 || strcmp(what, "restore-hold") == 0)
        return run_restore(what[strlen("restore")] != '\0');
    fputs("mailwardd-stores: started by mailwardd alone; see mailwardd --help\n", stderr);
    return STORES_FAILED;
}
