/* Landlock by its three system calls.
 *
 * Constants and structures are spelled out here because the headers of a build machine are often older than the
 * kernel that the program runs on; what is asked for is cut down to what that kernel's interface version knows.
 */
#include "config.h"

#include "daemon/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture. */
enum { CALL_CREATE_RULESET = 444, CALL_ADD_RULE = 445, CALL_RESTRICT_SELF = 446 };
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

/* struct landlock_ruleset_attr of interface 6; older ones know a shorter prefix of it. */
struct ruleset {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t folder;
} __attribute__((packed));

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_BLOCK = 1 << 11,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,

    FS_ALL = (1 << 16) - 1,
    FS_FILE_RIGHTS = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
    FS_READ = FS_READ_FILE | FS_READ_DIR,
    FS_WRITE = FS_ALL & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEV),
    NET_TCP_BIND_CONNECT = 3,
    SCOPE_ABSTRACT_SOCKET = 1,
    SCOPE_SIGNAL = 2,
};

/* File rights by interface version: 2 brought moves between folders, 3 truncation, 5 ioctl on devices. */
static const uint64_t fs_rights_of_abi[] = {0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, FS_ALL};
enum { ABI_MOVE = 2, ABI_NETWORK = 4, ABI_FS_LAST = 5, ABI_SCOPE = 6 };

int landlock_abi(void)
{
    long abi = syscall(CALL_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static bool allow_path(int ruleset, const char *path, uint64_t rights, struct error *error)
{
    int fd = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
    if (fd < 0 && errno == ENOTDIR) {
        fd = open(path, O_PATH | O_CLOEXEC);
        rights &= FS_FILE_RIGHTS;
    }
    if (fd < 0)
        return error_set_errno(error, "cannot open %s for landlock", path);
    struct path_rule rule = {.allowed = rights, .folder = fd};
    bool ok = syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    if (!ok)
        error_set_errno(error, "landlock refuses the rule for %s", path);
    close(fd);
    return ok;
}

static bool allow_paths(int ruleset, const char *const *paths, uint64_t rights, struct error *error)
{
    for (; paths && *paths; paths++)
        if (!allow_path(ruleset, *paths, rights, error))
            return false;
    return true;
}

/* For what a system may lack: those that are there. */
static void allow_present(int ruleset, const char *const *paths)
{
    struct error ignored;
    for (; *paths; paths++)
        allow_path(ruleset, *paths, FS_READ, &ignored);
}

static bool restrict_to(int ruleset, const struct sandbox *box, const char *const *extras, uint64_t known,
                        struct error *error)
{
    if (!allow_paths(ruleset, box->write_dirs, FS_WRITE & known, error) ||
        !allow_paths(ruleset, box->read_dirs, FS_READ, error))
        return false;
    allow_present(ruleset, extras);
    if (syscall(CALL_RESTRICT_SELF, ruleset, 0) != 0)
        return error_set_errno(error, "landlock cannot be entered");
    return true;
}

static int create_ruleset(const struct sandbox *box, int abi, uint64_t known)
{
    struct ruleset attr = {.handled_fs = known};
    size_t size = sizeof attr.handled_fs;
    if (abi >= ABI_NETWORK) {
        attr.handled_net = box->network ? 0 : NET_TCP_BIND_CONNECT;
        size += sizeof attr.handled_net;
    }
    if (abi >= ABI_SCOPE) {
        /* Processes that a role made before its sandbox would be out of reach of its signals. */
        attr.scoped = SCOPE_ABSTRACT_SOCKET | (box->fork ? 0 : SCOPE_SIGNAL);
        size += sizeof attr.scoped;
    }
    return (int)syscall(CALL_CREATE_RULESET, &attr, size, 0);
}

bool landlock_restrict(const struct sandbox *box, const char *const *extras, struct buf *report,
                       struct error *error)
{
    int abi = landlock_abi();
    if (abi == 0) {
        buf_printf(report, "no landlock in this kernel");
        return true;
    }
    /* Interface 1 forbids every move between folders, which stores and Maildirs live by. */
    if (abi < ABI_MOVE && box->write_dirs && *box->write_dirs) {
        buf_printf(report, "no landlock (interface %d of this kernel is too old)", abi);
        return true;
    }
    uint64_t known = fs_rights_of_abi[abi < ABI_FS_LAST ? abi : ABI_FS_LAST];
    int ruleset = create_ruleset(box, abi, known);
    if (ruleset < 0)
        return error_set_errno(error, "landlock %d refuses its rules", abi);
    bool ok = restrict_to(ruleset, box, extras, known, error);
    close(ruleset);
    if (ok)
        buf_printf(report, "landlock %d", abi);
    return ok;
}
