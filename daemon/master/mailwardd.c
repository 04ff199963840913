/* mailwardd: options, the private instance, going to the background, --stop. */
#define _GNU_SOURCE /* pidfd */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "daemon/master/master.h"
#include "daemon/master/offline.h"
#include "daemon/master/sockets.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/address.h"

enum { STOP_WAIT_MS = 40000, EXIT_USAGE = 2 };

/* What is asked for instead of running. */
enum action { ACTION_RUN, ACTION_STOP = 'x', ACTION_CHECK = 'k', ACTION_BACKUP = 'b', ACTION_RESTORE = 'R' };

struct options {
    const char *dir;
    bool is_private, foreground, hold;
    enum action action;
    const char *file; /* of the backup */
    struct settings settings;
};

static int usage(FILE *to)
{
    struct buf table = {0};
    settings_describe(&table);
    fprintf(
        to,
        "usage: mailwardd [--private DIR | --state DIR] [--foreground] [--route NEXT-HOP] [--set "
        "NAME=VALUE]...\n"
        "       mailwardd [--private DIR | --state DIR] --stop | --check | --backup FILE\n"
        "       mailwardd [--private DIR | --state DIR] --restore FILE [--hold]\n"
        "\n"
        "  --private DIR   run all roles as the calling user with everything under DIR: one listener on\n"
        "                  127.0.0.1 with a port from the kernel (see DIR/run/ports), next hop DIR/maildir\n"
        "  --state DIR     state folder of a system instance [" SYSTEM_STATE_DIR "]\n"
        "  --foreground    stay; print 'ready' when mail can be sent\n"
        "  --route HOP     HOST:PORT or maildir:PATH\n"
        "  --set N=V       a setting, see below\n"
        "  --stop          end the instance and wait until it has ended\n"
        "  --check         tell whether the stores are whole and fit each other; it may run or not\n"
        "  --backup FILE   save configuration, queue and quarantine, while it runs or not; FILE holds "
        "private\n"
        "                  keys and mail ('-': standard output)\n"
        "  --restore FILE  put them back, where nothing runs and no stores are ('-': standard input)\n"
        "  --hold          with --restore: deliver nothing before 'resumedel' is given in the shell\n"
        "\n"
        "settings:\n%s",
        buf_text(&table));
    buf_free(&table);
    return to == stdout ? 0 : EXIT_USAGE;
}

static int refuse(const char *reason)
{
    fprintf(stderr, "mailwardd: %s\n", reason);
    return EXIT_USAGE;
}

static bool set_pair(struct settings *s, const char *pair, struct error *error)
{
    const char *equals = strchr(pair, '=');
    if (!equals)
        return error_set(error, "--set takes NAME=VALUE, not '%s'", pair);
    char *name = xmemdup0(pair, (size_t)(equals - pair));
    bool good = settings_set(s, name, equals + 1, error);
    free(name);
    return good;
}

static bool private_presets(struct settings *s, struct error *error)
{
    return settings_set(s, "smtp.listen", "127.0.0.1:0", error) &&
           settings_set(s, "route", "maildir:maildir", error);
}

static bool is_action(int c)
{
    return c == ACTION_STOP || c == ACTION_CHECK || c == ACTION_BACKUP || c == ACTION_RESTORE;
}

static bool take_option(int c, struct options *o, bool again, struct error *error)
{
    if ((c == 'p' || c == 'd') && !again && o->dir)
        return error_set(error, "--private and --state name one folder, once");
    if (is_action(c) && !again && o->action)
        return error_set(error, "--stop, --check, --backup and --restore exclude each other");
    if (c == 'p' || c == 'd') {
        o->dir = optarg;
        o->is_private = c == 'p';
    } else if (is_action(c)) {
        o->action = (enum action)c;
        o->file = optarg;
    }
    o->foreground |= c == 'f';
    o->hold |= c == 'H';
    if (c == 'r')
        return settings_set(&o->settings, "route", optarg, error);
    return c != 's' || set_pair(&o->settings, optarg, error);
}

static int check_options(struct options *o)
{
    struct error error;
    if (!o->dir)
        o->dir = SYSTEM_STATE_DIR;
    if (o->dir[0] == '\0')
        return refuse("the name of the state folder is empty");
    if (o->hold && o->action != ACTION_RESTORE)
        return refuse("--hold goes with --restore");
    if (!settings_check(&o->settings, &error) || !sockets_check(&o->settings, &error))
        return refuse(error.text);
    return 0;
}

/* Two passes, so that the presets of a private instance never overwrite an option that stood before it. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option table[] = {
        {"private", required_argument, NULL, 'p'},
        {"state", required_argument, NULL, 'd'},
        {"foreground", no_argument, NULL, 'f'},
        {"route", required_argument, NULL, 'r'},
        {"set", required_argument, NULL, 's'},
        {"stop", no_argument, NULL, ACTION_STOP},
        {"check", no_argument, NULL, ACTION_CHECK},
        {"backup", required_argument, NULL, ACTION_BACKUP},
        {"restore", required_argument, NULL, ACTION_RESTORE},
        {"hold", no_argument, NULL, 'H'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct error error;
    settings_init(&o->settings);
    for (int pass = 0; pass < 2; pass++) {
        int c;
        optind = 1;
        opterr = pass == 0;
        if (pass == 1 && o->is_private && !private_presets(&o->settings, &error))
            return refuse(error.text);
        while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
            if (c == 'v') {
                puts(PACKAGE_STRING);
                exit(0);
            } else if (c == 'h') {
                exit(usage(stdout));
            } else if (c == '?') {
                fprintf(stderr, "mailwardd: see --help\n");
                return EXIT_USAGE;
            } else if (!take_option(c, o, pass == 1, &error)) {
                return refuse(error.text);
            }
        }
    }
    if (optind < argc)
        return refuse("there are no arguments without an option; see --help");
    return check_options(o);
}

static int stop_instance(const char *dir)
{
    struct error error;
    pid_t pid = instance_owner(dir, &error);
    if (pid < 0)
        return refuse(error.text);
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
    char name[HOST_NAME_MAX + 1] = {0};
    if (s->hostname[0])
        return smtp_domain_is_valid(span_text(s->hostname)) ||
               error_set(error, "hostname: '%s' is no host name", s->hostname);
    if (gethostname(name, sizeof name - 1) != 0 || !smtp_domain_is_valid(span_text(name)))
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
    case ACTION_STOP:
        return stop_instance(o->dir);
    case ACTION_CHECK:
        return offline_check(o->dir);
    case ACTION_BACKUP:
        return offline_backup(o->dir, o->file);
    case ACTION_RESTORE:
        return offline_restore(o->dir, o->is_private, o->file, o->hold);
    default:
        return run(o);
    }
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int status = parse_options(argc, argv, &options);
    if (status == 0)
        status = act(&options);
    settings_free(&options.settings);
    return status;
}
