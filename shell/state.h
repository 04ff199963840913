/* The running shell: what the files of this folder share.  Commands see only commands/shell.h. */
#ifndef SHELL_STATE_H
#define SHELL_STATE_H

#include "commands/shell.h"
#include "shell/link.h"
#include "shell/options.h"
#include "shell/pager.h"
#include "shell/pipeline.h"
#include "shell/reader.h"
#include "shell/report.h"
#include "shell/typed.h"
#include "shell/words.h"
#include "shell/writer.h"

struct editor;

struct shell {
    struct options options; /* the in-band `batch` may add to them */
    bool interactive;       /* questions are shown, errors end nothing */
    bool numbered;          /* commands are told apart by number, not by line: -c */
    /* Input: lines of commands, and of answers to their questions; often the same. */
    struct reader *commands, *answers;
    struct editor *editor; /* NULL: a terminal without abilities, or none */
    bool hidden;           /* nothing that is typed is shown now (hidden.h) */
    bool answers_ended;    /* a question of the running command met the end of the input */
    struct writer out;
    struct pager pager;
    /* The daemon. */
    struct link *link; /* NULL until the first command that needs it */
    bool lost;         /* the connection broke since it was last told */
    json_t *closed;    /* the frame by which the daemon ended the session; NULL: it did not */
    bool welcomed;     /* the lines of the log-in were shown */
    bool touched;      /* the candidate may differ from its base */
    json_int_t revision;
    char hostname[256];           /* of the daemon last connected to; "": none */
    char level[300], cluster[65]; /* the mode of this session (mode.c); "" before the first connection */
    struct pipeline pipeline;
    /* The command that is running. */
    const struct words *words;
    struct report *report;
    struct typed typed;
    /* The batch so far. */
    unsigned begun, done, failed;
    enum api_status first_error;
    bool stopped; /* after an error: nothing more is run, shown or sent */
    bool leaving;
    bool interrupted; /* by Ctrl-C, whatever the command made of it */
};

/* Runs the commands of a line from start on; everything has been told. */
void run_line(struct shell *sh, const char *line, size_t start, unsigned line_number);

/* Sends one request, as text, and takes its answer; see shell_call().  lost, when not NULL, is set when the daemon went
 * away before it answered; that has not been told then. */
enum api_status call_text(struct shell *sh, struct span request, json_t **result, bool *lost);
/* Makes sure that there is a connection; an error has been told. */
bool call_connect(struct shell *sh);
/* The connection is of no use any more: the candidate is gone with it. */
void call_lost(struct shell *sh);
/* Tells that the connection is gone: why, when the daemon said so. */
enum api_status call_tell_gone(struct shell *sh, struct report *r, const char *otherwise);
/* Whether the session holds changes that nobody committed, or lost them with the daemon. */
bool call_has_changes(struct shell *sh);

/* Takes over the mode that the daemon has put the session into; false when it has not. */
bool call_follow_mode(struct shell *sh);

/* True when what the running command says is not to be shown, because of an edit before. */
bool output_is_muted(struct shell *sh);

/* Takes over what the daemon says about the mode. */
void mode_take(struct shell *sh, const json_t *mode);
/* Appends "(Group eu)> " or the like. */
void mode_prompt(struct shell *sh, struct buf *prompt);

/* All lines of a batch.  Returns the exit status. */
enum api_status batch_run(struct shell *sh);

/* A session with a person.  Returns the exit status. */
enum api_status terminal_run(struct shell *sh);
/* Shows a person what the answer to hello says. */
void terminal_hello(struct shell *sh, const json_t *hello);
/* Readable when there is news while a person thinks; -1: none can come. */
int terminal_news_fd(struct shell *sh);
/* What happened since the last prompt. */
void terminal_tell_news(struct shell *sh);
/* What was typed ahead goes to the line editor, or from it to where lines are read without one. */
void terminal_give_editor(struct shell *sh, bool give);
/* Appends one line from the person. */
enum read_result terminal_read(struct shell *sh, const char *prompt, bool is_command, struct buf *line);

#endif
