/* Sandboxes of roles and of scan workers: the lists of what is forbidden and allowed, and seccomp to enforce them.
 *
 * A role gets a denylist that answers EPERM: it runs large libraries, and one of them that probes for a feature
 * must get an ordinary error.  A worker gets an allow-list that kills: it runs our own parsers only, so any other
 * call means that a mail has taken it over, and the supervisor should know.
 *
 * A sanitizer build needs calls of its own to start and to report (proc files, threads that look for leaks), so
 * there a worker gets a denylist too and may read what a report names functions from.
 */
#include "config.h"

#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/landlock.h"

#ifdef WITH_SANITIZERS
#define REPORT_FILES "/proc", "/usr", "/proc/self/exe",
enum { SANITIZERS = 1 };
#else
#define REPORT_FILES
enum { SANITIZERS = 0 };
#endif

/* SQLite seeds its random numbers from the one, log lines follow a change of the other. */
static const char *const role_files[] = {"/dev/urandom", "/etc/localtime", REPORT_FILES NULL};
static const char *const worker_files[] = {REPORT_FILES NULL};

/* Nothing that starts another program, gains or changes privileges, reaches into other processes or loads code
 * into the kernel is any role's business; io_uring would do the rest unseen by this filter. */
static const char *const never_calls[] = {
    "execve", "execveat",
    /* other processes */
    "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise", "perf_event_open",
    /* the file system as a whole */
    "mount", "umount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick",
    "move_mount", "open_tree", "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "mknod",
    "mknodat", "open_by_handle_at", "name_to_handle_at", "fanotify_init",
    /* privileges */
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid",
    "capset", "unshare", "setns", "personality",
    /* the kernel and the machine */
    "bpf", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "keyctl",
    "add_key", "request_key", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "reboot", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
    "acct", "syslog", "vhangup", "iopl", "ioperm", "modify_ldt", NULL};

/* The leak check at the end of a sanitized process is done by a thread that traces it. */
static const char *const trace_calls[] = {"ptrace", NULL};
static const char *const fork_calls[] = {"fork", "vfork", "clone", "clone3", NULL};

/* What the engine, malloc and the worker's own loop need.  Numbers with conditions are in allow_worker_calls(). */
static const char *const worker_calls[] = {
    "read", "readv", "pread64", "write", "writev", "recvmsg", "sendmsg", "close", "lseek",
    /* memory */
    "brk", "munmap", "mremap", "madvise", "futex",
    /* a result too large for a packet */
    "memfd_create", "ftruncate",
    /* time, size of memory (qsort), randomness of malloc */
    "clock_gettime", "clock_getres", "gettimeofday", "getrusage", "sysinfo", "getrandom",
    /* abort() and the end */
    "getpid", "gettid", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "restart_syscall", "exit",
    "exit_group", NULL};

/* In sanitizer builds, besides never_calls. */
static const char *const worker_never_calls[] = {
    "socket", "socketpair", "connect", "bind",  "listen", "accept", "accept4", "sendto",
    "kill",   "tkill",      "fork",    "vfork", "clone",  "clone3", NULL,
};

static const char *const none[] = {NULL};

/* Names that this libseccomp does not know are left out: its kernel headers are older than the call. */
static int add_rules(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
    for (; *names; names++) {
        int number = seccomp_syscall_resolve_name(*names);
        int result = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, number, 0);
        if (result < 0)
            return result;
    }
    return 0;
}

static int deny_sockets_except(scmp_filter_ctx filter, uint32_t action, bool network)
{
    int number = SCMP_SYS(socket);
    if (!network)
        return seccomp_rule_add(filter, action, number, 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX, 0));
    /* AF_UNIX, AF_INET and AF_INET6 stay. */
    int result = seccomp_rule_add(filter, action, number, 1, SCMP_A0(SCMP_CMP_GT, AF_INET6, 0));
    for (unsigned family = AF_INET + 1; family < AF_INET6 && result == 0; family++)
        result = seccomp_rule_add(filter, action, number, 1, SCMP_A0(SCMP_CMP_EQ, family, 0));
    return result;
}

static int deny_executable_memory(scmp_filter_ctx filter, uint32_t action)
{
    const struct scmp_arg_cmp exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
    int result = seccomp_rule_add(filter, action, SCMP_SYS(mmap), 1, exec);
    return result == 0 ? seccomp_rule_add(filter, action, SCMP_SYS(mprotect), 1, exec) : result;
}

static int allow_worker_calls(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct {
        int number;
        struct scmp_arg_cmp condition;
    } rules[] = {
        {SCMP_SYS(mmap), not_exec},
        {SCMP_SYS(mprotect), not_exec},
        {SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid(), 0)}, /* abort() */
        {SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS, 0)},
        {SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_ADD_SEALS, 0)},
    };
    int result = add_rules(filter, SCMP_ACT_ALLOW, worker_calls);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0] && result == 0; i++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rules[i].number, 1, rules[i].condition);
    return result;
}

static int fill_role(scmp_filter_ctx filter, const struct sandbox *box)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
    int result = add_rules(filter, refuse, never_calls);
    if (result == 0)
        result = add_rules(filter, refuse, SANITIZERS ? none : trace_calls);
    if (result == 0)
        result = add_rules(filter, refuse, box->fork || SANITIZERS ? none : fork_calls);
    return result == 0 ? deny_sockets_except(filter, refuse, box->network) : result;
}

static int fill_worker(scmp_filter_ctx filter)
{
    if (!SANITIZERS)
        return allow_worker_calls(filter);
    const uint32_t kill = SCMP_ACT_KILL_PROCESS;
    int result = add_rules(filter, kill, never_calls);
    if (result == 0)
        result = add_rules(filter, kill, worker_never_calls);
    return result == 0 ? deny_executable_memory(filter, kill) : result;
}

/* box is NULL for a worker. */
static bool enter_seccomp(const struct sandbox *box, struct buf *report, struct error *error)
{
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
        buf_printf(report, ", no seccomp in this kernel");
        return true;
    }
    bool allow_list = !box && !SANITIZERS;
    scmp_filter_ctx filter = seccomp_init(allow_list ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW);
    if (!filter)
        return error_set(error, "cannot make a seccomp filter");
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = box ? fill_role(filter, box) : fill_worker(filter);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    if (result < 0)
        return error_set(error, "cannot load a seccomp filter: %s", strerror(-result));
    buf_printf(report, ", seccomp%s", !box && SANITIZERS ? " (sanitizer build: denylist)" : "");
    return true;
}

static bool enter(const struct sandbox *landlock_box, const char *const *extras,
                  const struct sandbox *seccomp_box, struct buf *report, struct error *error)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_set_errno(error, "cannot give up new privileges");
    return landlock_restrict(landlock_box, extras, report, error) &&
           enter_seccomp(seccomp_box, report, error);
}

bool sandbox_enter(const struct sandbox *box, struct buf *report, struct error *error)
{
    return enter(box, role_files, box, report, error);
}

bool sandbox_enter_worker(struct buf *report, struct error *error)
{
    static const struct sandbox nothing = {0};
    return enter(&nothing, worker_files, NULL, report, error);
}
