/* Binding listeners. */
#include "daemon/master/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/route.h"
#include "engine/base/xalloc.h"

enum { BACKLOG = 512 };

static bool look_up(const char *text, struct addrinfo **found, struct error *error)
{
    struct span host;
    uint16_t number;
    if (!host_port_parse(text, &host, &number, error))
        return false;
    char *name = xmemdup0(host.p, host.n), port[8];
    snprintf(port, sizeof port, "%u", number);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int rc = getaddrinfo(name, port, &hints, found);
    free(name);
    return rc == 0 || error_set(error, "cannot look up '%s': %s", text, gai_strerror(rc));
}

static void name_of(const struct sockaddr *address, socklen_t length, char *host, size_t host_size,
                    char *port, size_t port_size)
{
    if (getnameinfo(address, length, host, (socklen_t)host_size, port, (socklen_t)port_size,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        strcpy(host, "?");
        strcpy(port, "0");
    }
}

static int bind_public(const char *listen_on, struct buf *ports, struct error *error)
{
    struct addrinfo *found;
    if (!look_up(listen_on, &found, error))
        return -1;
    int on = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    freeaddrinfo(found);
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    if (!good || getsockname(fd, (struct sockaddr *)&bound, &length) != 0) {
        error_set_errno(error, "cannot listen on %s", listen_on);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    char host[NI_MAXHOST], port[NI_MAXSERV];
    name_of((struct sockaddr *)&bound, length, host, sizeof host, port, sizeof port);
    buf_printf(ports, "public %s %s\n", host, port);
    return fd;
}

/* A relative path, so that the length of the state folder's path does not matter. */
static int bind_control(bool is_private, struct error *error)
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

bool sockets_bind(const struct settings *settings, bool is_private, struct listener listeners[LISTENER_COUNT],
                  struct buf *ports, struct error *error)
{
    listeners[0] = (struct listener){"public", ROLE_SMTP, bind_public(settings->listen, ports, error)};
    listeners[1] = (struct listener){"control", ROLE_CONTROL, -1};
    if (listeners[0].fd < 0)
        return false;
    listeners[1].fd = bind_control(is_private, error);
    return listeners[1].fd >= 0;
}

bool sockets_check(const struct settings *settings, struct error *error)
{
    struct route route;
    struct span host;
    uint16_t port;
    struct error why;
    if (!host_port_parse(settings->listen, &host, &port, &why))
        return error_set(error, "smtp.listen: %s", why.text);
    return route_parse(settings->route, &route, error);
}
