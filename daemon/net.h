/* Addresses of connections as text. */
#ifndef DAEMON_NET_H
#define DAEMON_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "engine/base/span.h"

/* Without port; an IPv4 address inside IPv6 is shown as what it is. */
void net_print_address(const struct sockaddr *address, char text[INET6_ADDRSTRLEN]);
/* 0 for what is no internet address. */
in_port_t net_port(const struct sockaddr *address);
/* The address of our end of a socket. */
void net_print_local(int fd, char text[INET6_ADDRSTRLEN]);
/* Two addresses without their ports. */
bool net_same_address(const struct sockaddr *a, const struct sockaddr *b);
bool net_is_any(const struct sockaddr *address);
/* The ends of one connection belong to one machine. */
bool net_same_machine(const struct sockaddr *local, const struct sockaddr *peer);
/* A literal; false when it is none. */
bool net_parse_address(struct span text, in_port_t port, struct sockaddr_storage *address, socklen_t *size);
/* A literal or "localhost"; names are resolved elsewhere.  False when it is neither. */
bool net_parse_host(struct span host, in_port_t port, struct sockaddr_storage *address, socklen_t *size);
/* Why accept() failed: there are no descriptors, or no memory, left for a moment. */
bool net_is_exhausted(int failure);

#endif
