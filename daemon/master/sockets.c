/* Binding listeners and resolving the configured next hop. */
#include "daemon/master/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/xalloc.h"

enum { BACKLOG = 512 };

/* Splits "HOST:PORT" or "[HOST]:PORT"; host must hold 256 bytes. */
static bool split_host_port(const char *text, char *host, const char **port, struct error *error)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    uint64_t number;
    if (!colon || length == 0 || length > 255 || !span_parse_u64(span_text(colon + 1), &number) ||
        number > 65535)
        return error_set(error, "'%s' is not HOST:PORT", text);
    memcpy(host, text, length);
    host[length] = '\0';
    *port = colon + 1;
    return true;
}

static bool look_up(const char *text, int flags, struct addrinfo **found, struct error *error)
{
    char host[256];
    const char *port = NULL;
    if (!split_host_port(text, host, &port, error))
        return false;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    int rc = getaddrinfo(host, port, &hints, found);
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
    if (!look_up(listen_on, AI_PASSIVE, &found, error))
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

static bool is_literal_route(const struct settings *settings)
{
    return settings->route[0] == '\0' || strncmp(settings->route, "maildir:", 8) == 0;
}

static bool check_pair(const char *name, const char *value, struct error *error)
{
    char host[256];
    const char *port;
    struct error why;
    return split_host_port(value, host, &port, &why) || error_set(error, "%s: %s", name, why.text);
}

bool sockets_check(const struct settings *settings, struct error *error)
{
    return check_pair("smtp.listen", settings->listen, error) &&
           (is_literal_route(settings) || check_pair("route", settings->route, error));
}

bool sockets_resolve_route(struct settings *settings, struct error *error)
{
    if (is_literal_route(settings))
        return true;
    struct addrinfo *found;
    if (!look_up(settings->route, 0, &found, error))
        return false;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    name_of(found->ai_addr, found->ai_addrlen, host, sizeof host, port, sizeof port);
    struct buf literal = {0};
    buf_printf(&literal, found->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    freeaddrinfo(found);
    free(settings->route);
    settings->route = xstrdup(buf_text(&literal));
    buf_free(&literal);
    return true;
}
