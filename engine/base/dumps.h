/* Memory holds passphrases, private keys and mail: it is written into no file when a process dies. */
#ifndef ENGINE_BASE_DUMPS_H
#define ENGINE_BASE_DUMPS_H

/* No core dump of this process and its children from now on, and no other process but root's can read its memory.  A program
 * that is started by it has to say so again. */
void dumps_forbid(void);

#endif
