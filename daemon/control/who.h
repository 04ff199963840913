/* Accounts of this machine, and the methods `who`, `whoami` and `hello` about them. */
#ifndef CONTROL_WHO_H
#define CONTROL_WHO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct account {
    uid_t uid;
    gid_t group;
    char user[64], full_name[128]; /* made safe to show; "uid 1000" for one without a name here */
    bool is_known;                 /* `user` is its name as it is */
};

void account_look_up(uid_t uid, gid_t group, struct account *account);

void who_hello(uint64_t session, json_t *request);
void who_list(uint64_t session, json_t *request);
void who_am_i(uint64_t session, json_t *request);

#endif
