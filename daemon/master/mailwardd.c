/* mailwardd: its name, going to the background, being ready, --stop. */
#define _GNU_SOURCE /* pidfd */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/master/master.h"
#include "daemon/master/notify.h"
#include "daemon/master/offline.h"
#include "daemon/master/options.h"
#include "daemon/master/sockets.h"
#include "engine/base/dumps.h"
#include "engine/schema/schema.h"

enum { STOP_WAIT_MS = 40000, EXIT_WRONG = 2 };

static int stop_instance(const char *dir)
{
    struct error error;
    pid_t pid = instance_owner(dir, &error);
    if (pid < 0) {
        fprintf(stderr, "mailwardd: %s\n", error.text);
        return EXIT_WRONG;
    }
    if (pid == 0) {
        fprintf(stderr, "mailwardd: no instance is running in '%s'\n", dir);
        return 1;
    }
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    if (handle < 0 || kill(pid, SIGTERM) != 0) {
        fprintf(stderr, "mailwardd: cannot end process %d: %s\n", (int)pid, strerror(errno));
        return 1;
    }
    struct pollfd end = {.fd = handle, .events = POLLIN};
    if (poll(&end, 1, STOP_WAIT_MS) == 1)
        return 0;
    fprintf(stderr, "mailwardd: process %d did not end in time\n", (int)pid);
    return 1;
}

/* How the person who started us learns that we are ready: on standard output, or through a pipe to the process
 * that waits in the foreground while the daemon goes to the background. */
struct starter {
    bool foreground;
    int pipe;
};

static void tell(struct starter *s, const char *text)
{
    size_t length = strlen(text);
    if (write(s->foreground ? STDOUT_FILENO : s->pipe, text, length) != (ssize_t)length)
        fprintf(stderr, "mailwardd: cannot report to the caller\n");
    if (!s->foreground && s->pipe >= 0) {
        close(s->pipe);
        s->pipe = -1;
    }
}

static void on_ready(void *context)
{
    struct starter *s = context;
    tell(s, "ready\n");
    notify_service_manager("READY=1");
}

static void on_failed(void *context, const char *reason)
{
    struct starter *s = context;
    fprintf(stderr, "mailwardd: cannot start: %s\n", reason);
    if (!s->foreground)
        tell(s, reason); /* standard error is run/stderr by now */
    unlink("run/control.sock");
    exit(1); /* the roles end when their channel to us closes */
}

/* What the daemon says when it is ready or cannot be.  A daemon that failed is waited for, so that its folder is
 * free when we return. */
static int await_word(int pipe, pid_t daemon)
{
    char word[600] = {0};
    if (read(pipe, word, sizeof word - 1) > 0 && strcmp(word, "ready\n") == 0)
        return 0;
    if (word[0])
        fprintf(stderr, "mailwardd: cannot start: %s\n", word);
    waitpid(daemon, NULL, 0);
    return 1;
}

/* Parent: waits for the daemon's word.  Child: goes on as the daemon, standard error to run/stderr. */
static bool go_to_background(struct starter *s, int *exit_status)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid > 0) {
        close(ends[1]);
        *exit_status = await_word(ends[0], pid);
        return false;
    }
    close(ends[0]);
    s->pipe = ends[1];
    setsid();
    return pid == 0;
}

static void detach_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int errors = open("run/stderr", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (errors >= 0)
        dup2(errors, STDERR_FILENO);
}

/* The only place that decides: roles find a name that can be said in SMTP.  A wrong setting is an error of whoever
 * gave it; a machine whose own name cannot be used is no reason not to start. */
static bool set_hostname(struct settings *s, struct error *error)
{
    const struct schema_field *field = &schema_tables[SCHEMA_GATEWAY].fields[GATEWAY_HOSTNAME];
    struct schema_value value;
    struct error ignored;
    char name[HOST_NAME_MAX + 1] = {0};
    if (s->hostname[0])
        return schema_value_parse(field, span_text(s->hostname), &value, error);
    if (gethostname(name, sizeof name - 1) != 0 || !name[0] ||
        !schema_value_parse(field, span_text(name), &value, &ignored))
        strcpy(name, "localhost");
    return settings_set(s, "hostname", name, error);
}

static int run(struct options *o)
{
    struct starter starter = {.foreground = o->foreground, .pipe = -1};
    struct instance inst;
    struct error error;
    int exit_status = 1, control_socket;
    if (!o->foreground && !go_to_background(&starter, &exit_status))
        return exit_status;
    if (!set_hostname(&o->settings, &error) || !instance_open(&inst, o->dir, o->is_private, &error) ||
        !offline_may_start(&error) || (control_socket = sockets_bind_control(o->is_private, &error)) < 0) {
        fprintf(stderr, "mailwardd: %s\n", error.text);
        return 1;
    }
    unlink("run/ports"); /* of an earlier run: it must not look ready before it is */
    if (!o->foreground)
        detach_streams();
    struct master_hooks hooks = {on_ready, on_failed, &starter};
    int status = master_run(&inst, &o->settings, control_socket, &hooks);
    unlink("run/ports");
    return status;
}

static int act(struct options *o)
{
    switch (o->action) {
    case OPTION_STOP:
        return stop_instance(o->dir);
    case OPTION_CHECK:
        return offline_check(o->dir);
    case OPTION_BACKUP:
        return offline_backup(o->dir, o->file);
    case OPTION_RESTORE:
        return offline_restore(o->dir, o->is_private, o->file, o->hold);
    default:
        return run(o);
    }
}

int main(int argc, char **argv)
{
    struct options options;
    int status = 0;
    dumps_forbid();
    switch (options_read(&options, argc, argv)) {
    case OPTIONS_RUN:
        status = act(&options);
        break;
    case OPTIONS_TOLD:
        break;
    case OPTIONS_WRONG:
        status = EXIT_WRONG;
    }
    settings_free(&options.settings);
    return status;
}
