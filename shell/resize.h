/* News of a terminal that got another size, for a loop that waits for descriptors. */
#ifndef SHELL_RESIZE_H
#define SHELL_RESIZE_H

/* Readable when the terminal got another size; -1: that cannot be had. */
int resize_fd(void);
/* It has been seen to. */
void resize_done(void);

#endif
