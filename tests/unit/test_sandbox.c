/* Each test forks a child that enters a sandbox and tries something; how the child ended tells what came of it. */
#define _GNU_SOURCE
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/landlock.h"
#include "daemon/sandbox.h"
#include "daemon/scan/executable_memory.h"
#include "engine/base/xalloc.h"
#include "engine/scan/rules.h"

#ifdef WITH_SANITIZERS
enum { SANITIZERS = 1 };
#else
enum { SANITIZERS = 0 };
#endif

/* How a child tells its parent what happened; anything else is a signal that ended it. */
enum { CHILD_DID_IT = 10, CHILD_WAS_REFUSED = 11, CHILD_HAS_NO_SANDBOX = 12 };

static char folder[] = "/tmp/mailward-sandbox-XXXXXX";

static int status_of(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int refused_or_done(bool done)
{
    return done ? CHILD_DID_IT : CHILD_WAS_REFUSED;
}

static int in_worker(int (*act)(void))
{
    pid_t child = fork();
    if (child != 0)
        return status_of(child);
    struct buf report = {0};
    struct error error;
    _exit(sandbox_enter_worker(&report, &error) ? act() : CHILD_HAS_NO_SANDBOX);
}

static int in_role(const struct sandbox *box, int (*act)(void))
{
    pid_t child = fork();
    if (child != 0)
        return status_of(child);
    struct buf report = {0};
    struct error error;
    if (chdir(folder) != 0 || !sandbox_enter(box, &report, &error))
        _exit(CHILD_HAS_NO_SANDBOX);
    _exit(act());
}

static void need_seccomp(void)
{
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
        print_message("skipped: this kernel has no seccomp\n");
        skip();
    }
}

static void need_landlock(int abi)
{
    if (landlock_abi() < abi) {
        print_message("skipped: this kernel has landlock %d, the test needs %d\n", landlock_abi(), abi);
        skip();
    }
}

/* What is tried. */

static int make_internet_socket(void)
{
    return refused_or_done(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

static int make_raw_netlink_socket(void)
{
    return refused_or_done(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
}

static int make_local_socket(void)
{
    return refused_or_done(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int connect_a_held_socket(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    /* Descriptor 99 was made before the sandbox; without one, "connection refused" would be the answer. */
    return refused_or_done(connect(99, (struct sockaddr *)&to, sizeof to) == 0 || errno == ECONNREFUSED);
}

static int run_a_program(void)
{
    char *arguments[] = {"true", NULL};
    execv("/bin/true", arguments);
    return CHILD_WAS_REFUSED;
}

static int make_a_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return refused_or_done(child > 0);
}

static int map_executable_memory(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return refused_or_done(p != MAP_FAILED);
}

static struct scan_rules *compiled_rules(void)
{
    struct scan_rule_complaints complaints = {.tell = NULL};
    return scan_rules_parse("test",
                            SPAN("rule lunch\n scope body\n match /lunch (?:at|by) [0-9]+/\n about A test\n"),
                            &complaints);
}

/* Executable memory that may be written, or executable memory without a file: what compilers of expressions map. */
static bool maps_have(const char *rights)
{
    char line[4352];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (fgets(line, sizeof line, maps))
        found |= strstr(line, rights) && !strchr(line, '/') && !strchr(line, '[');
    fclose(maps);
    return found;
}

static struct scan_rules *sealed_rules;

static int run_sealed_rules(void)
{
    struct arena *arena = arena_new();
    struct mime_view view;
    struct scan_hits hits;
    mime_view_build(SPAN("\r\nlunch by 12\r\n"), 0, &mime_default_limits, NULL, arena, &view);
    const struct scan_rule_input input = {.view = &view};
    scan_rules_run(sealed_rules, &input, NULL, NULL, arena, &hits);
    return refused_or_done(hits.count == 1);
}

static int make_memory_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return CHILD_HAS_NO_SANDBOX;
    return refused_or_done(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}

static int read_an_outside_file(void)
{
    return refused_or_done(open("/etc/passwd", O_RDONLY) >= 0);
}

static int signal_the_parent(void)
{
    return refused_or_done(kill(getppid(), 0) == 0);
}

static int trace_the_parent(void)
{
    return refused_or_done(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

static int abort_itself(void)
{
    abort();
}

static int can_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0;
}

static int write_beside_own_folder(void)
{
    return refused_or_done(can_write("beside"));
}

static int work_in_own_folder(void)
{
    return can_write("own/new") && rename("own/new", "own/deep/new") == 0 &&
                   truncate("own/deep/new", 0) == 0 && unlink("own/deep/new") == 0
               ? CHILD_DID_IT
               : CHILD_WAS_REFUSED;
}

static int write_in_readable_folder(void)
{
    return refused_or_done(open("own/there", O_RDONLY) < 0 || can_write("own/there"));
}

/* Worker. */

static void expect_worker_killed(int (*act)(void))
{
    need_seccomp();
    assert_int_equal(in_worker(act), -SIGSYS);
}

static void a_worker_that_opens_a_file_gets_nothing(void **state)
{
    (void)state;
    need_seccomp();
    int result = in_worker(read_an_outside_file);
    if (SANITIZERS)
        assert_int_equal(result, landlock_abi() ? CHILD_WAS_REFUSED : CHILD_DID_IT);
    else
        assert_int_equal(result, -SIGSYS);
}

static void a_worker_that_makes_a_socket_is_killed(void **state)
{
    (void)state;
    expect_worker_killed(make_internet_socket);
    expect_worker_killed(make_local_socket);
}

static void a_worker_that_connects_is_killed(void **state)
{
    (void)state;
    int held = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(held >= 0 && dup2(held, 99) == 99);
    expect_worker_killed(connect_a_held_socket);
    close(held);
    close(99);
}

static void a_worker_that_runs_a_program_is_killed(void **state)
{
    (void)state;
    expect_worker_killed(run_a_program);
}

static void a_worker_that_forks_is_killed(void **state)
{
    (void)state;
    expect_worker_killed(make_a_process);
}

static void compiled_rules_are_sealed_and_run_in_a_worker(void **state)
{
    (void)state;
    sealed_rules = compiled_rules();
    assert_non_null(sealed_rules);
    bool has_machine_code = maps_have(" rwxp ");
    struct error error;
    assert_true(executable_memory_seal(&error));
    assert_false(maps_have(" rwxp "));
    assert_int_equal(maps_have(" r-xp "), has_machine_code);
    assert_int_equal(in_worker(run_sealed_rules), CHILD_DID_IT);
    /* Freeing would write to what is sealed: it lives as long as the process. */
}

static int compile_rules(void)
{
    return refused_or_done(compiled_rules() != NULL);
}

/* No rule may come to be compiled there: it would kill the worker rather than run unguarded. */
static void a_worker_that_compiles_rules_is_killed(void **state)
{
    (void)state;
    /* Found out in a child, as PCRE2 would keep such memory and use it again. */
    pid_t child = fork();
    if (child == 0)
        _exit(compiled_rules() && maps_have(" rwxp ") ? CHILD_DID_IT : CHILD_WAS_REFUSED);
    if (status_of(child) != CHILD_DID_IT) {
        print_message("skipped: this PCRE2 makes no machine code\n");
        skip();
    }
    expect_worker_killed(compile_rules);
}

static void a_worker_gets_no_executable_memory(void **state)
{
    (void)state;
    expect_worker_killed(map_executable_memory);
    expect_worker_killed(make_memory_executable);
}

static void a_worker_that_signals_others_is_killed(void **state)
{
    (void)state;
    expect_worker_killed(signal_the_parent);
}

static void a_worker_that_aborts_is_seen_to_have_aborted(void **state)
{
    (void)state;
    assert_int_equal(in_worker(abort_itself), -SIGABRT);
}

static int message_fd, answer_fd; /* of the next test */

static int allocate_read_and_answer(void)
{
    char *large = xmalloc(64 << 20);
    memset(large, 1, 64 << 20);
    free(large);
    const char *message = mmap(NULL, 5, PROT_READ, MAP_SHARED, message_fd, 0);
    if (message == MAP_FAILED || (fcntl(message_fd, F_GET_SEALS) & F_SEAL_WRITE) == 0)
        return CHILD_WAS_REFUSED;
    return refused_or_done(write(answer_fd, message, 5) == 5);
}

static void a_worker_can_allocate_read_its_message_and_answer(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    message_fd = memfd_create("message", MFD_ALLOW_SEALING);
    answer_fd = pair[1];
    assert_int_equal(write(message_fd, "hello", 5), 5);
    assert_int_equal(fcntl(message_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_int_equal(in_worker(allocate_read_and_answer), CHILD_DID_IT);
    char answer[8];
    assert_int_equal(recv(pair[0], answer, sizeof answer, 0), 5);
    assert_memory_equal(answer, "hello", 5);
    close(message_fd);
    close(pair[0]);
    close(pair[1]);
}

/* Roles. */

static const char *const own_folder[] = {"own", NULL};
static const struct sandbox plain_role = {0};

static void a_role_without_network_makes_local_sockets_only(void **state)
{
    (void)state;
    need_seccomp();
    assert_int_equal(in_role(&plain_role, make_internet_socket), CHILD_WAS_REFUSED);
    assert_int_equal(in_role(&plain_role, make_local_socket), CHILD_DID_IT);
}

static void a_role_with_network_makes_internet_sockets_but_no_others(void **state)
{
    (void)state;
    need_seccomp();
    const struct sandbox box = {.network = true};
    assert_int_equal(in_role(&box, make_internet_socket), CHILD_DID_IT);
    assert_int_equal(in_role(&box, make_raw_netlink_socket), CHILD_WAS_REFUSED);
}

static void a_role_without_network_cannot_use_a_socket_it_was_given(void **state)
{
    (void)state;
    need_landlock(4);
    int held = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(held >= 0 && dup2(held, 99) == 99);
    assert_int_equal(in_role(&plain_role, connect_a_held_socket), CHILD_WAS_REFUSED);
    const struct sandbox box = {.network = true};
    assert_int_equal(in_role(&box, connect_a_held_socket), CHILD_DID_IT);
    close(held);
    close(99);
}

static void a_role_cannot_run_a_program_or_trace_another(void **state)
{
    (void)state;
    need_seccomp();
    const struct sandbox box = {.fork = true, .network = true};
    assert_int_equal(in_role(&box, run_a_program), CHILD_WAS_REFUSED);
    assert_int_equal(in_role(&box, trace_the_parent), CHILD_WAS_REFUSED);
}

static void a_role_forks_only_when_it_may(void **state)
{
    (void)state;
    need_seccomp();
    const struct sandbox box = {.fork = true};
    assert_int_equal(in_role(&box, make_a_process), CHILD_DID_IT);
    if (!SANITIZERS) /* there, the leak check needs to make a thread */
        assert_int_equal(in_role(&plain_role, make_a_process), CHILD_WAS_REFUSED);
}

static void a_role_works_in_its_folders_and_nowhere_else(void **state)
{
    (void)state;
    need_landlock(2);
    const struct sandbox box = {.write_dirs = own_folder};
    assert_int_equal(in_role(&box, work_in_own_folder), CHILD_DID_IT);
    assert_int_equal(in_role(&box, write_beside_own_folder), CHILD_WAS_REFUSED);
    assert_int_equal(in_role(&box, read_an_outside_file), CHILD_WAS_REFUSED);
}

static void a_readable_folder_is_not_writable(void **state)
{
    (void)state;
    need_landlock(1);
    const struct sandbox box = {.read_dirs = own_folder};
    assert_int_equal(in_role(&box, write_in_readable_folder), CHILD_WAS_REFUSED);
}

static void a_folder_that_is_not_there_is_an_error_with_its_name(void **state)
{
    (void)state;
    need_landlock(2);
    static const char *const missing[] = {"missing", NULL};
    const struct sandbox box = {.write_dirs = missing};
    struct buf report = {0};
    struct error error = {{0}};
    pid_t child = fork();
    if (child == 0) {
        bool entered = sandbox_enter(&box, &report, &error);
        _exit(refused_or_done(entered || !strstr(error.text, "missing")));
    }
    assert_int_equal(status_of(child), CHILD_WAS_REFUSED);
}

static void the_report_says_what_is_active(void **state)
{
    (void)state;
    need_seccomp();
    need_landlock(1);
    pid_t child = fork();
    if (child == 0) {
        struct buf report = {0};
        struct error error;
        char want[100];
        snprintf(want, sizeof want, "landlock %d, seccomp%s", landlock_abi(),
                 SANITIZERS ? " (sanitizer build: denylist)" : "");
        bool same = sandbox_enter_worker(&report, &error) && span_equal(buf_span(&report), span_text(want));
        _exit(refused_or_done(same));
    }
    assert_int_equal(status_of(child), CHILD_DID_IT);
}

/* As if the kernel had been built without. */
static bool hide_landlock(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool hidden =
        filter && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), 444, 0) == 0 && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return hidden && landlock_abi() == 0;
}

static void a_kernel_without_landlock_leaves_seccomp_and_the_report_says_so(void **state)
{
    (void)state;
    need_seccomp();
    pid_t child = fork();
    if (child == 0) {
        struct buf report = {0};
        struct error error;
        struct span want = SPAN("no landlock in this kernel, seccomp");
        const struct sandbox box = {.write_dirs = own_folder};
        if (!hide_landlock() || !sandbox_enter(&box, &report, &error) || !span_equal(buf_span(&report), want))
            _exit(CHILD_HAS_NO_SANDBOX);
        _exit(make_internet_socket());
    }
    assert_int_equal(status_of(child), CHILD_WAS_REFUSED);
}

static int make_folders(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 && mkdir("own", 0700) == 0 && mkdir("own/deep", 0700) == 0 &&
                   can_write("own/there")
               ? 0
               : -1;
}

static int remove_folders(void **state)
{
    (void)state;
    unlink("own/there");
    return rmdir("own/deep") == 0 && rmdir("own") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_opens_a_file_gets_nothing),
        cmocka_unit_test(a_worker_that_makes_a_socket_is_killed),
        cmocka_unit_test(a_worker_that_connects_is_killed),
        cmocka_unit_test(a_worker_that_runs_a_program_is_killed),
        cmocka_unit_test(a_worker_that_forks_is_killed),
        cmocka_unit_test(a_worker_gets_no_executable_memory),
        cmocka_unit_test(a_worker_that_compiles_rules_is_killed),
        cmocka_unit_test(compiled_rules_are_sealed_and_run_in_a_worker),
        cmocka_unit_test(a_worker_that_signals_others_is_killed),
        cmocka_unit_test(a_worker_that_aborts_is_seen_to_have_aborted),
        cmocka_unit_test(a_worker_can_allocate_read_its_message_and_answer),
        cmocka_unit_test(a_role_without_network_makes_local_sockets_only),
        cmocka_unit_test(a_role_with_network_makes_internet_sockets_but_no_others),
        cmocka_unit_test(a_role_without_network_cannot_use_a_socket_it_was_given),
        cmocka_unit_test(a_role_cannot_run_a_program_or_trace_another),
        cmocka_unit_test(a_role_forks_only_when_it_may),
        cmocka_unit_test(a_role_works_in_its_folders_and_nowhere_else),
        cmocka_unit_test(a_readable_folder_is_not_writable),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error_with_its_name),
        cmocka_unit_test(the_report_says_what_is_active),
        cmocka_unit_test(a_kernel_without_landlock_leaves_seccomp_and_the_report_says_so),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
