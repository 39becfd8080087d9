/* source.h - inside the store room: what a kind of source (pip, hub, path) has to offer. */
#ifndef W2S_STORE_SOURCE_H
#define W2S_STORE_SOURCE_H

#include "store/asset.h"
#include "core/hash.h"

/* One source of one asset, and how it is wanted. */
struct source {
    const struct asset *asset;
    const struct doc *doc; /* the source's map in assets.yaml; NULL for hub:owner/name */
    const struct asset_options *o;
};

/* A kind of source; the table is in asset.c. */
struct source_kind {
    const char *key;         /* the key that says the kind */
    const char *const *keys; /* all keys it may have, NULL at the end */
    int (*check)(const struct doc *doc, struct err *e);
    bool (*pinned)(const struct doc *doc);
    /* ready - whether it is there already; path is set where it is. A reason why it cannot be known
     * (no HOME) is an error. */
    int (*ready)(const struct source *s, bool *ready, struct str *path, struct err *e);
    int (*fetch)(const struct source *s, struct str *path, struct err *e); /* NULL: cannot */
    /* verify - as asset_verify; NULL: nothing is kept here that could be. */
    int (*verify)(const struct source *s, struct err *e);
    /* origin - as asset_origin, of a source that is ready; NULL: it has none. */
    int (*origin)(const struct source *s, struct str *out, struct err *e);
};

/* source_lock - wait for path's lock, saying so in the log where another process has it; what:
 * "NAME". */
int source_lock(const char *path, const char *what, const struct asset_options *o, int *fd,
                struct err *e);

/* source_folder - "$<variable>" if that is an absolute path, else "~/<tail>"; with tail2 appended.
 */
int source_folder(const char *variable, const char *tail, const char *tail2, struct str *out,
                  struct err *e);

/* source_text - a required string; what YAML takes for a number, as written: a sum or commit may
 * happen to have no letter but e. */
int source_text(const struct doc *map, const char *key, const char **out, struct err *e);

/* source_sum_check - the file's SHA-256 is want; a mismatch names both. what: what the file is. */
int source_sum_check(const char *path, const char *want, const char *what, struct err *e);
bool source_sum_valid(const char *hex); /* 64 lower-case hexadecimal digits */

/* source_name_safe - the name of a file or folder that stays below where it is put: no "..", not
 * absolute. */
bool source_name_safe(const char *name);

extern const struct source_kind source_pip, source_hub, source_path;

/* hub:owner/name[@revision]; spec is what stands behind "hub:". */
int hub_spec_ready(const char *spec, bool *ready, struct str *path, struct err *e);
int hub_spec_fetch(const char *spec, const struct asset_options *o, struct str *path,
                   struct err *e);
int hub_spec_verify(const char *spec, const struct asset_options *o, struct err *e);
int hub_spec_origin(const char *spec, struct str *out, struct err *e);
bool hub_offline(void); /* HF_HUB_OFFLINE */

#endif
