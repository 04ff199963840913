/* Starting mailwardd-stores, and the file that a backup goes to or comes from: only this process may be root. */
#define _GNU_SOURCE /* O_NOFOLLOW, O_DIRECTORY */
#include "daemon/master/offline.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/master/instance.h"
#include "daemon/paths.h"
#include "daemon/stores_status.h"
#include "engine/base/xalloc.h"

static const char program[] = "mailwardd-stores";

static int fail(const struct error *error)
{
    fprintf(stderr, "mailwardd: %s\n", error->text);
    return STORES_FAILED;
}

/* Runs it in the current folder; fd (-1: none) becomes its descriptor number `as`. */
static int run(const char *what, int fd, int as)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    const char *path = paths_find(program, ROLE_PROGRAM_DIR);
    char self[24], *argv[] = {(char *)path, (char *)what, self, NULL};
    snprintf(self, sizeof self, "%ld", (long)getpid());
    posix_spawn_file_actions_init(&actions);
    if (fd >= 0)
        posix_spawn_file_actions_adddup2(&actions, fd, as);
    int rc = posix_spawn(&pid, path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0) {
        fprintf(stderr, "mailwardd: cannot start %s: %s\n", path, strerror(rc));
        return STORES_FAILED;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "mailwardd: %s was ended by signal %d\n", program, WTERMSIG(status));
    return STORES_FAILED;
}

static bool enter(const char *dir, struct error *error)
{
    return chdir(dir) == 0 || error_set_errno(error, "cannot enter the state folder '%s'", dir);
}

/* To the shell: 0 all is well, 1 something is not. */
static int exit_status(int status)
{
    return status == STORES_GOOD ? 0 : 1;
}

int offline_check(const char *dir)
{
    struct error error;
    return exit_status(enter(dir, &error) ? run("check", -1, -1) : fail(&error));
}

/* A file that gets its name when it is whole. */
struct target {
    int folder, fd;
    char *name, *partial;
};

static bool target_open(struct target *t, const char *file, struct error *error)
{
    const char *slash = strrchr(file, '/');
    size_t before = slash ? (size_t)(slash - file) + 1 : 0;
    char *folder = before ? xmemdup0(file, before) : xstrdup(".");
    size_t size = strlen(file + before) + sizeof ".partial";
    *t = (struct target){.fd = -1, .name = xstrdup(file + before), .partial = xmalloc(size)};
    snprintf(t->partial, size, "%s.partial", t->name);
    t->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->folder >= 0) {
        unlinkat(t->folder, t->partial, 0); /* of a backup that was cut short */
        t->fd = openat(t->folder, t->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    bool good = t->fd >= 0 || error_set_errno(error, "cannot write '%s.partial'", file);
    free(folder);
    return good;
}

static bool target_finish(struct target *t, struct error *error)
{
    if (fsync(t->fd) != 0)
        return error_set_errno(error, "cannot sync '%s'", t->partial);
    if (renameat(t->folder, t->partial, t->folder, t->name) != 0)
        return error_set_errno(error, "cannot rename '%s' to '%s'", t->partial, t->name);
    return fsync(t->folder) == 0 || error_set_errno(error, "cannot sync the folder of '%s'", t->name);
}

static void target_close(struct target *t)
{
    if (t->fd >= 0) {
        unlinkat(t->folder, t->partial, 0); /* when it was not renamed */
        close(t->fd);
    }
    if (t->folder >= 0)
        close(t->folder);
    free(t->partial);
    free(t->name);
}

static int backup_to_file(const char *dir, const char *file)
{
    struct target t;
    struct error error;
    int status = STORES_FAILED;
    if (!target_open(&t, file, &error) || !enter(dir, &error)) {
        fail(&error);
    } else {
        status = run("backup", t.fd, STDOUT_FILENO);
        if (status != STORES_FAILED && !target_finish(&t, &error))
            status = fail(&error);
    }
    target_close(&t);
    return status;
}

int offline_backup(const char *dir, const char *file)
{
    struct error error;
    if (strcmp(file, "-") != 0)
        return exit_status(backup_to_file(dir, file));
    if (isatty(STDOUT_FILENO))
        error_set(&error, "a backup is not for a terminal: name a file, or a program behind a pipe");
    else if (enter(dir, &error))
        return exit_status(run("backup", -1, -1));
    return exit_status(fail(&error));
}

int offline_restore(const char *dir, bool is_private, const char *file, bool hold)
{
    struct error error;
    struct instance inst;
    bool named = strcmp(file, "-") != 0;
    int status = STORES_FAILED, fd = named ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (named && fd < 0)
        error_set_errno(&error, "cannot read '%s'", file);
    if ((named && fd < 0) || !instance_open(&inst, dir, is_private, &error))
        status = fail(&error);
    else
        status = run(hold ? "restore-hold" : "restore", fd, STDIN_FILENO);
    if (fd >= 0)
        close(fd);
    return exit_status(status);
}

bool offline_may_start(struct error *error)
{
    return access("queue/restore.partial", F_OK) != 0 ||
           error_set(
               error,
               "a restore into this folder was cut short: repeat it with --restore, or move the folders "
               "queue and config away");
}
