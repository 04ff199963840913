/* Becoming an account, and capabilities by their system calls: libcap would be mapped for three of them. */
#define _GNU_SOURCE /* initgroups, syscall */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITY(number) (UINT64_C(1) << (number))

struct sets {
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct half[_LINUX_CAPABILITY_U32S_3]; /* numbers 0 to 31, 32 to 63 */
};

static bool get_sets(struct sets *sets)
{
    *sets = (struct sets){.header.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capget, &sets->header, sets->half) == 0;
}

bool privileges_many_accounts(void)
{
    const uint64_t needed = CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID);
    struct sets sets;
    return geteuid() == 0 || (get_sets(&sets) && (sets.half[0].effective & needed) == needed);
}

/* Ambient capabilities are those that a started program has, too. */
static bool keep_capabilities(uint64_t keep, struct error *error)
{
    struct sets sets;
    bool good = get_sets(&sets);
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        uint32_t kept = sets.half[i].permitted & (uint32_t)(keep >> (32 * i));
        sets.half[i] = (struct __user_cap_data_struct){kept, kept, kept};
    }
    good = good && syscall(SYS_capset, &sets.header, sets.half) == 0 &&
           prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
    for (unsigned number = 0; number < 64 && good; number++)
        if (sets.half[number / 32].permitted & (1u << number % 32))
            good = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) == 0;
    return good || error_set_errno(error, "cannot give up capabilities");
}

static struct passwd *find_account(const char *account, struct error *error)
{
    struct passwd *pw = getpwnam(account);
    if (!pw)
        error_set(error, "there is no account '%s' to run as; 'systemd-sysusers mailward.conf' makes it",
                  account);
    return pw;
}

bool privileges_check_account(const char *account, struct error *error)
{
    return find_account(account, error) != NULL;
}

bool privileges_give(const char *path, const char *account, struct error *error)
{
    struct passwd *pw = find_account(account, error);
    return pw && (chown(path, pw->pw_uid, pw->pw_gid) == 0 ||
                  error_set_errno(error, "cannot give '%s' to '%s'", path, account));
}

bool privileges_check_owner(const char *path, const char *account, struct error *error)
{
    struct stat is;
    struct passwd *pw = find_account(account, error);
    if (!pw)
        return false;
    if (stat(path, &is) != 0)
        return error_set_errno(error, "cannot look at '%s'", path);
    return is.st_uid == pw->pw_uid ||
           error_set(error, "'%s' belongs to account number %u, not to '%s'; 'chown %s: %s' gives it", path,
                     (unsigned)is.st_uid, account, account, path);
}

bool privileges_become(const char *account, uint64_t keep, struct error *error)
{
    struct passwd *pw = find_account(account, error);
    if (!pw)
        return false;
    if (prctl(PR_SET_KEEPCAPS, keep != 0, 0, 0, 0) != 0 || initgroups(account, pw->pw_gid) != 0 ||
        setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)
        return error_set_errno(error, "cannot become '%s'", account);
    if (!keep_capabilities(keep, error))
        return false;
    return keep != 0 || setuid(0) != 0 || error_set(error, "could become root again");
}

bool privileges_drop(struct error *error)
{
    return keep_capabilities(0, error);
}
