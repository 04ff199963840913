/* Filling in a struct fault. */
#include "daemon/queue/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static void put_text(struct fault *f, const char *format, va_list args)
{
    vsnprintf(f->error.text, sizeof f->error.text, format, args);
}

enum fault_kind fault_kind_of(int number)
{
    return number == ENOSPC || number == EDQUOT ? FAULT_SPACE : FAULT_IO;
}

bool fault_set(struct fault *f, enum fault_kind kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_text(f, format, args);
    va_end(args);
    f->kind = kind;
    return false;
}

bool fault_set_errno(struct fault *f, const char *format, ...)
{
    int number = errno;
    va_list args;
    va_start(args, format);
    put_text(f, format, args);
    va_end(args);
    size_t used = strlen(f->error.text);
    snprintf(f->error.text + used, sizeof f->error.text - used, ": %s", strerror(number));
    f->kind = fault_kind_of(number);
    return false;
}
