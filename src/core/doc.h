/* doc.h - one tree for what users write and programs exchange: YAML (libyaml) and JSON (jansson).
 * Every node knows its file and line, so that a wrong value gets "quick.yaml:12: ...". */
#ifndef W2S_CORE_DOC_H
#define W2S_CORE_DOC_H

#include "core/arena.h"
#include "core/str.h"
#include <stdint.h>

enum doc_type { DOC_NULL, DOC_BOOL, DOC_INT, DOC_REAL, DOC_STRING, DOC_LIST, DOC_MAP };

struct doc {
    enum doc_type type;
    const char *file; /* name for messages */
    int line;         /* 1-based; 0 where unknown */
    const char *key;  /* in a map, else NULL */
    const char *path; /* of what doc_set put there: its keys from the root, with dots; else NULL */
    const char *s;    /* DOC_STRING: the text; for plain YAML scalars of any type: as written */
    size_t len;       /* bytes of s */
    bool b;
    int64_t i;
    double r;                 /* set for DOC_INT too */
    struct doc *child, *next; /* first child, next sibling, in file order */
    size_t n;                 /* children */
};

struct doc_tree {
    struct arena arena;
    struct doc *root;
};
#define DOC_TREE_INIT                                                                              \
    {                                                                                              \
        ARENA_INIT, NULL                                                                           \
    }

/* YAML 1.2 core schema for plain scalars (true/false, null/~, integers, reals); quoted are strings;
 * no anchors' cycles, no tags, no second document. A repeated key is an error. */
int doc_read_yaml(struct doc_tree *t, const char *path, struct err *e);
/* name: NULL where sentences are to name no place */
int doc_parse_yaml(struct doc_tree *t, const char *text, size_t n, const char *name, struct err *e);
/* JSON; line is the line of the value's beginning where the parser gives it, else first_line.
 * Broken JSON: "name:line: sentence". */
int doc_read_json(struct doc_tree *t, const char *path, struct err *e);
int doc_parse_json(struct doc_tree *t, const char *text, size_t n, const char *name, int first_line,
                   struct err *e);
/* doc_parse_json_at - one JSON value at the beginning of text; *used = bytes taken. For long arrays
 * read element by element. */
int doc_parse_json_at(struct doc_tree *t, const char *text, size_t n, size_t *used,
                      const char *name, int first_line, struct err *e);
void doc_tree_release(struct doc_tree *t);

const struct doc *doc_get(const struct doc *map, const char *key); /* NULL if absent or not a map */
const struct doc *doc_path(const struct doc *root,
                           const char *path); /* "question.choices.0.text" */
const char *doc_type_name(enum doc_type t);
/* doc_seen - what stands there, for a sentence's "is X", in buf [n]: a long string is cut. */
const char *doc_seen(const struct doc *d, char *buf, size_t n);

/* doc_fail - err_set(ERR_INPUT, "file:line: ...") at a node. Where the sentence has the node's key
 * in quotes, and the node a path, it says the path. */
int doc_fail(const struct doc *at, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Required values: absent -> `file:line: "key" is missing`; wrong type -> `file:line: "key" is a
 * list, wanted a string`. doc_opt_*: absent or null leaves *out as it is. Strings live as long as
 * the tree. */
int doc_str(const struct doc *map, const char *key, const char **out, struct err *e);
int doc_int(const struct doc *map, const char *key, int64_t min, int64_t max, int64_t *out,
            struct err *e);
int doc_opt_str(const struct doc *map, const char *key, const char **out, struct err *e);
int doc_opt_int(const struct doc *map, const char *key, int64_t min, int64_t max, int64_t *out,
                struct err *e);
int doc_opt_size(const struct doc *map, const char *key, size_t min, size_t max, size_t *out,
                 struct err *e);
int doc_opt_real(const struct doc *map, const char *key, double min, double max, double *out,
                 struct err *e);
int doc_opt_bool(const struct doc *map, const char *key, bool *out, struct err *e);
/* doc_opt_enum - a string that is one of names (NULL-terminated): *out its index; else an error
 * that lists them with "did you mean". */
int doc_opt_enum(const struct doc *map, const char *key, const char *const *names, int *out,
                 struct err *e);

/* doc_check_keys - every key of map is in known (NULL-terminated), else `file:line: unknown key
 * "x"; did you mean "y"?` (or the list of known ones). */
int doc_check_keys(const struct doc *map, const char *const *known, struct err *e);

/* doc_set - override by dotted path: doc_set(t, "data.train", "64"); value is read as a YAML flow
 * value; maps on the way are made; the node's file is "command line: data.train=64". */
int doc_set(struct doc_tree *t, const char *path, const char *value, struct err *e);
/* doc_set_from - the same of what stands elsewhere: the node's file is `from`, such as "x.yaml:12".
 */
int doc_set_from(struct doc_tree *t, const char *path, const char *value, const char *from,
                 struct err *e);

/* doc_under - what `base` has and t does not is put into t, maps within maps alike; each value
 * keeps its own file and line. A null in t stands for itself. */
int doc_under(struct doc_tree *t, const struct doc *base, struct err *e);

void doc_write_json(struct str *out, const struct doc *d); /* one line, keys in order */
void doc_write_yaml(struct str *out, const struct doc *d); /* block style, reads back equal */

/* JSON out, piece by piece: js_open(b,'{'), js_key, js_str ... commas are put by themselves. */
struct js {
    struct str *out;
    bool first[80]; /* deeper than what YAML is read to */
    int depth;
    bool after_key;
};
void js_init(struct js *j, struct str *out);
void js_open(struct js *j, char bracket); /* '{' or '[' */
void js_close(struct js *j, char bracket);
void js_key(struct js *j, const char *key);
void js_str(struct js *j, const char *s);
void js_strn(struct js *j, const char *s, size_t n); /* broken UTF-8 becomes U+FFFD */
void js_int(struct js *j, int64_t v);
void js_real(struct js *j,
             double v); /* shortest text that reads back the same; NaN and infinity: null */
void js_bool(struct js *j, bool v);
void js_null(struct js *j);
void js_raw(struct js *j, const char *json); /* a value that is JSON already */

#endif
