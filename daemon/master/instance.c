/* The state folder of one instance. */
#define _GNU_SOURCE /* POSIX file locks with F_GETLK through struct flock */
#include "daemon/master/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/failpoint.h"
#include "daemon/privileges.h"
#include "daemon/role.h"

/* Ports below 1024; roles become their accounts; one that hangs is killed. */
#define CAPABILITY(number) (UINT64_C(1) << (number))
#define MASTER_CAPABILITIES                                                                                  \
    (CAPABILITY(CAP_NET_BIND_SERVICE) | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) |                    \
     CAPABILITY(CAP_KILL))

static const char lock_path[] = "run/lock";

static bool make_dir(const char *path, mode_t mode, bool *made, struct error *error)
{
    *made = mkdir(path, mode) == 0;
    return *made || errno == EEXIST || error_set_errno(error, "cannot make the folder '%s'", path);
}

static bool make_role_dirs(struct error *error)
{
    bool made;
    for (int id = 0; id < ROLE_COUNT; id++)
        for (int i = 0; i < 3 && role_table[id].write_dirs[i]; i++)
            if (!make_dir(role_table[id].write_dirs[i], 0750, &made, error))
                return false;
    return true;
}

/* A system instance belongs to the master's account.  One that has another owner is not taken over: the folder may
 * have been named by mistake. */
static bool make_system_dir(const char *dir, struct error *error)
{
    const char *account = role_table[ROLE_MASTER].account;
    struct error why;
    bool made, many = privileges_many_accounts();
    if (many && !privileges_check_account(account, error))
        return false;
    if (!make_dir(dir, 0755, &made, &why))
        return error_set(error, "%s; 'systemd-tmpfiles --create mailward.conf' makes the one of the unit",
                         why.text);
    if (!many)
        return true;
    return (made ? privileges_give(dir, account, error) : privileges_check_owner(dir, account, error)) &&
           privileges_become(account, MASTER_CAPABILITIES, error);
}

static bool take_lock(struct instance *inst, const char *dir, struct error *error)
{
    inst->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (inst->lock_fd < 0)
        return error_set_errno(error, "cannot open '%s/%s'", dir, lock_path);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(inst->lock_fd, F_SETLK, &lock) != 0)
        return error_set(error, "another mailwardd is running in '%s'; end it with --stop", dir);
    return true;
}

/* A page that every role maps: all zeros until a test writes it.  A death asked for in an earlier life, and not met, is
 * not for this one. */
static bool open_test_page(struct instance *inst, struct error *error)
{
    inst->test_fd = open("run/clock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const struct test_page none = {0};
    if (inst->test_fd < 0 || ftruncate(inst->test_fd, sizeof none) != 0 ||
        pwrite(inst->test_fd, none.failpoint, sizeof none.failpoint, offsetof(struct test_page, failpoint)) !=
            (ssize_t)sizeof none.failpoint)
        return error_set_errno(error, "cannot make the page of the tests");
    return true;
}

bool instance_open(struct instance *inst, const char *dir, bool is_private, struct error *error)
{
    *inst = (struct instance){.is_private = is_private, .lock_fd = -1, .test_fd = -1};
    /* Everybody may knock at a system instance's control socket: who gets in is decided there, with a clear word. */
    mode_t mode = is_private ? 0700 : 0755;
    bool made;
    umask(is_private ? 077 : 022);
    if (!(is_private ? make_dir(dir, mode, &made, error) : make_system_dir(dir, error)))
        return false;
    if (chdir(dir) != 0)
        return error_set_errno(error, "cannot enter the state folder '%s'", dir);
    return make_dir("run", mode, &made, error) && take_lock(inst, dir, error) && make_role_dirs(error) &&
           (!is_private || open_test_page(inst, error));
}

pid_t instance_owner(const char *dir, struct error *error)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, lock_path) >= sizeof path) {
        error_set(error, "the path of the state folder is too long");
        return -1;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0) {
        error_set_errno(error, "cannot read '%s'", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    close(fd);
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

bool instance_write_ports(struct span text, struct error *error)
{
    int fd = open("run/ports.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool good = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n;
    if (fd >= 0)
        close(fd);
    if (!good || rename("run/ports.new", "run/ports") != 0)
        return error_set_errno(error, "cannot write run/ports");
    return true;
}
