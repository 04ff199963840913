/* Sockets. */
#include "daemon/master/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/net.h"
#include "daemon/route.h"
#include "engine/schema/schema.h"

enum { BACKLOG = 512 };

/* A relative path, so that the length of the state folder's path does not matter. */
static int bind_unix(const char *path, bool is_private, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, is_private ? 0600 : 0666) != 0 || listen(fd, BACKLOG) != 0) {
        error_set_errno(error, "cannot listen on %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

int sockets_bind_control(bool is_private, struct error *error)
{
    return bind_unix("run/control.sock", is_private, error);
}

#define SPAMD_SOCKET "run/spamd.sock"

int sockets_bind_spamd(bool is_private, struct error *error)
{
    return bind_unix(SPAMD_SOCKET, is_private, error);
}

void sockets_remove_spamd(void)
{
    unlink(SPAMD_SOCKET);
}

/* That of a private instance is in its state folder: the machine's own is none of its business. */
static socklen_t local_syslog(bool is_private, struct sockaddr_storage *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    snprintf(local.sun_path, sizeof local.sun_path, "%s", is_private ? "run/syslog" : "/dev/log");
    memcpy(address, &local, sizeof local);
    return sizeof local;
}

int sockets_connect_syslog(struct span destination, bool is_private, struct error *error)
{
    struct schema_syslog to;
    struct sockaddr_storage address;
    socklen_t size;
    if (!schema_syslog_parse(destination, &to, error))
        return -1;
    if (to.kind == SYSLOG_LOCAL) {
        size = local_syslog(is_private, &address);
    } else if (!net_parse_address(to.address, to.port, &address, &size)) {
        error_set(error, "not an address");
        return -1;
    }
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, size) == 0)
        return fd;
    error_set(error, "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool sockets_check(const struct settings *settings, struct error *error)
{
    struct route route;
    struct span host;
    uint16_t port;
    struct error why;
    if (!host_port_parse(settings->listen, &host, &port, &why))
        return error_set(error, "smtp.listen: %s", why.text);
    if (!schema_check_address(host, &why))
        return error_set(error, "smtp.listen: '%.*s' is not %s", (int)host.n, host.p, why.text);
    return route_parse(settings->route, &route, error);
}
