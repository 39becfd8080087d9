/* asset.h - models and data by name: rows of assets.yaml, fetched into the user's cache when first
 * needed.
 *
 *   $XDG_CACHE_HOME/w2s/assets/<name>/   (~/.cache/w2s where unset): the files and asset.json,
 * which says where they came from $HF_HOME/hub/models--owner--name/    hub files, in the Hugging
 * Face libraries' own cache and layout
 *
 * docs/assets.md is the manual of assets.yaml. To add an asset: a row there. To add a kind of
 * source: a row of source_kinds in asset.c. */
#ifndef W2S_STORE_ASSET_H
#define W2S_STORE_ASSET_H

#include "core/doc.h"
#include "core/log.h"

struct assets;
/* assets_open - share: the folder with assets.yaml (the checkout, or the installed share/w2s); a
 * second file, assets.yaml in $XDG_CONFIG_HOME/w2s (~/.config/w2s), may add rows; a row there takes
 * the place of one of the same name. Owner: caller, assets_close. */
int assets_open(struct assets **out, const char *share, struct err *e);
void assets_close(struct assets *a); /* accepts NULL */

struct asset {
    const char *name, *kind; /* "model", "data" or "program" */
    const char *title, *licence, *citation;
    size_t bytes;          /* to download; 0 where the row does not say */
    bool pinned;           /* what is fetched is checked against sums in the row */
    const struct doc *row; /* its sources, as written */
};
size_t assets_count(const struct assets *a);
const struct asset *assets_at(const struct assets *a, size_t i);
const struct asset *assets_find(const struct assets *a, const char *name); /* NULL */

struct asset_options {
    const char *offline; /* nothing is fetched, and why: "--offline was given"; NULL: all is */
    struct log *log;     /* progress; may be NULL */
};
/* asset_path - where the asset's model folder/file or data folder is; fetched where missing and not
 * offline (a sentence: "not fetched yet and --offline was given; w2s fetch NAME"). What was fetched
 * is checked by SHA-256 (a mismatch names both sums and keeps nothing), unpacked, and appears by
 * one rename. A model that is one .gguf file and a program of one file are that file, everything
 * else its folder.
 *
 * name: a row's name; else hub:owner/name[@revision]; else a path that exists, taken as it is
 * (./NAME where a row has the name NAME). Else: "did you mean". */
int asset_path(struct assets *a, const char *name, const struct asset_options *o, struct str *path,
               struct err *e);
/* asset_verify - what was fetched of a row, or of hub:owner/name, is read once more: where a file
 * has not the sum that the row asks for, or that the hub gave as its ETag, the log says so and the
 * file counts as not fetched, so that asset_path fetches it anew. Of packages asset_path itself
 * looks at the sizes: another one is ERR_INPUT, with what to do. */
int asset_verify(struct assets *a, const char *name, const struct asset_options *o, struct err *e);
/* asset_origin - which published version what asset_path gives is of, appended:
 * "hub:owner/name@<commit>", the commit that its files are of whatever revision was asked for, or
 * "pip:package==version". Nothing where it is not known: a path, or nothing is there. */
int asset_origin(struct assets *a, const char *name, struct str *out, struct err *e);
/* asset_is_path - whether asset_path would take name as the path that it is. */
bool asset_is_path(const struct assets *a, const char *name);
bool asset_ready(struct assets *a, const char *name); /* needs no fetch */
/* hub_cached - "hub:owner/name" of every model in the Hugging Face cache ("hub:name" of those that
 * have no owner), whole or not, sorted; the array and its strings are one block, mem_free. */
int hub_cached(char ***names, size_t *n, struct err *e);

#endif
