/* Binding the control socket. */
#include "daemon/master/sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/route.h"
#include "engine/schema/schema.h"

enum { BACKLOG = 512 };

/* A relative path, so that the length of the state folder's path does not matter. */
int sockets_bind_control(bool is_private, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "run/control.sock"};
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(address.sun_path, is_private ? 0600 : 0666) != 0 || listen(fd, BACKLOG) != 0) {
        error_set_errno(error, "cannot listen on %s", address.sun_path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
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
