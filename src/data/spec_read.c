/* spec_read.c - task files: everything that can be wrong with one is found here, before any data is
 * read.
 *
 * To add a key: its name in the list that is checked, its meaning in docs/tasks.md. */
#include "core/file.h"
#include "core/mem.h"
#include "data/spec.h"

#include <string.h>

static const char *const task_keys[] = {
    "base",    "name",   "title",    "citation", "licence",   "kind",  "source",
    "sources", "fields", "template", "long",     "max_chars", "group", "confidence",
    "classes", "label",  "choice",   "order",    "balance",   "alone", "preference",
    "votes",   "answer", "bands",    "prompt",   NULL};
static const char *const class_keys[] = {"name", "word", NULL};
static const char *const kinds[] = {"labelled",   "choice",     "order",
                                    "preference", "generation", NULL};

const struct doc *spec_present(const struct doc *map, const char *key)
{
    const struct doc *d = doc_get(map, key);
    return d && d->type != DOC_NULL ? d : NULL;
}

int spec_strings(struct task *t, const struct doc *d, const char ***out, size_t *n, struct err *e)
{
    const struct doc *item = d->type == DOC_LIST ? d->child : d;
    size_t count = d->type == DOC_LIST ? d->n : 1;
    const char **s = arena_alloc(&t->tree.arena, count + 1, sizeof *s, e);
    if (!s)
        return e->code;
    for (size_t i = 0; i < count; i++, item = item->next) {
        if (item->type != DOC_STRING)
            return doc_fail(item, e, "\"%s\" holds a %s, wanted strings", d->key,
                            doc_type_name(item->type));
        s[i] = item->s;
    }
    if (!count)
        return doc_fail(d, e, "\"%s\" is empty", d->key);
    s[count] = NULL;
    *out = s;
    *n = count;
    return OK;
}

int spec_field(struct task *t, const struct doc *at, const char *name, const struct field **out,
               struct err *e)
{
    const char *names[MAX_FIELDS];
    for (size_t i = 0; i < t->n_fields; i++) {
        names[i] = t->fields[i].name;
        if (strcmp(name, names[i]) == 0) {
            *out = &t->fields[i];
            return OK;
        }
    }
    if (t->fields_named) {
        const char *near = str_nearest(name, names, t->n_fields);
        struct str list = STR_INIT;
        for (size_t i = 0; i < t->n_fields; i++)
            str_addf(&list, "%s%s", i ? ", " : "", names[i]);
        int bad =
            near ? doc_fail(at, e, "no field is named \"%s\"; did you mean \"%s\"?", name, near)
                 : doc_fail(at, e, "no field is named \"%s\"; \"fields\" has %s", name, list.s);
        str_release(&list);
        return bad;
    }
    int rc = spec_field_add(t, at, (struct field){.name = name, .path = name}, e);
    *out = rc ? NULL : &t->fields[t->n_fields - 1];
    return rc;
}

int spec_field_list(struct task *t, const struct doc *map, const char *key, struct field_list *out,
                    struct err *e)
{
    const struct doc *d = spec_present(map, key);
    const char **names;
    if (!d)
        return OK;
    int rc = spec_strings(t, d, &names, &out->n, e);
    if (rc)
        return rc;
    out->f = arena_alloc(&t->tree.arena, out->n, sizeof *out->f, e);
    if (!out->f)
        return e->code;
    for (size_t i = 0; !rc && i < out->n; i++)
        rc = spec_field(t, d, names[i], &out->f[i], e);
    return rc;
}

static int classes_read(struct task *t, struct err *e)
{
    static const char *const words[TASK_CLASSES] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                                    "8", "9", "10", "11", "12", "13", "14", "15"};
    const struct doc *list = spec_present(t->tree.root, "classes");
    if (!list) {
        t->classes[0] = (struct label_class){"no", words[0]};
        t->classes[1] = (struct label_class){"yes", words[1]};
        t->n_classes = 2;
        return OK;
    }
    if (list->type != DOC_LIST || list->n < 2 || list->n > TASK_CLASSES)
        return doc_fail(list, e, "\"classes\" is wanted as a list of 2 to %d names", TASK_CLASSES);
    for (const struct doc *d = list->child; d; d = d->next) {
        struct label_class *c = &t->classes[t->n_classes];
        int rc = OK;
        *c = (struct label_class){d->s, words[t->n_classes]};
        if (d->type == DOC_MAP) {
            rc = doc_check_keys(d, class_keys, e);
            if (!rc)
                rc = doc_str(d, "name", &c->name, e);
            if (!rc)
                rc = doc_opt_str(d, "word", &c->word, e);
        } else if (d->type != DOC_STRING) {
            rc = doc_fail(d, e, "\"classes\" holds a %s, wanted names, or maps of name and word",
                          doc_type_name(d->type));
        }
        for (size_t i = 0; !rc && i < t->n_classes; i++)
            if (strcmp(t->classes[i].name, c->name) == 0)
                rc = doc_fail(d, e, "two classes are named \"%s\"", c->name);
        if (rc)
            return rc;
        t->n_classes++;
    }
    return OK;
}

/* slot_named - whether the name is that of what is drawn for an example. */
static bool slot_named(const struct task *t, const char *name, size_t *slot)
{
    static const char *const names[][SLOTS] = {[KIND_LABELLED] = {NULL},
                                               [KIND_CHOICE] = {"candidate"},
                                               [KIND_ORDER] = {"first", "second"},
                                               [KIND_PREFERENCE] = {NULL},
                                               [KIND_GENERATION] = {NULL}};
    for (*slot = 0; *slot < SLOTS; ++*slot)
        if (names[t->kind][*slot] && strcmp(names[t->kind][*slot], name) == 0)
            return true;
    *slot = 0;
    return false;
}

/* template_piece - append one piece; text of length 0 is none. */
static int template_piece(struct task *t, const struct doc *d, const char *s, size_t n, bool name,
                          struct err *e)
{
    char *text = arena_strndup(&t->tree.arena, s, n, e);
    if (!text)
        return e->code;
    struct piece *p = &t->pieces[t->n_pieces];
    *p = (struct piece){.text = name ? NULL : text};
    t->n_pieces += name || n;
    if (!name || slot_named(t, text, &p->slot))
        return OK;
    return spec_field(t, d, text, &p->field, e);
}

/* template_read - "{name}" is a field, "{{" and "}}" are braces. */
static int template_read(struct task *t, struct err *e)
{
    const char *s;
    int rc = doc_str(t->tree.root, "template", &s, e);
    const struct doc *d = doc_get(t->tree.root, "template");
    if (rc)
        return rc;
    t->pieces = arena_alloc(&t->tree.arena, strlen(s) + 1, sizeof *t->pieces, e);
    if (!t->pieces)
        return e->code;
    while (!rc && *s) {
        size_t n = strcspn(s, "{}");
        if (n) {
            rc = template_piece(t, d, s, n, false, e);
        } else if (s[0] == s[1]) {
            rc = template_piece(t, d, s, 1, false, e);
            n = 2;
        } else {
            n = strcspn(s + 1, "{}");
            if (*s == '}' || s[1 + n] != '}')
                return doc_fail(
                    d, e, "\"template\" has a single \"%c\"; a brace itself is written twice", *s);
            rc = template_piece(t, d, s + 1, n, true, e);
            n += 2;
        }
        s += n;
    }
    return rc;
}

/* template_uses - the piece of a field (NULL: of the slot); n_pieces where there is none; *n: how
 * many. */
static size_t template_uses(const struct task *t, const struct field *f, size_t slot, size_t *n)
{
    size_t found = t->n_pieces;
    *n = 0;
    for (size_t i = t->n_pieces; i-- > 0;)
        if (!t->pieces[i].text && t->pieces[i].field == f && t->pieces[i].slot == slot) {
            found = i;
            ++*n;
        }
    return found;
}

static int long_read(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root, *d = doc_get(root, "long");
    const char *name = NULL;
    const struct field *f = NULL;
    size_t n, slot = 0;
    t->long_piece = t->n_pieces;
    int rc = doc_opt_str(root, "long", &name, e);
    if (!rc)
        rc = doc_opt_size(root, "max_chars", 1, (size_t)1 << 30, &t->max_chars, e);
    if (rc)
        return rc;
    if (!name && t->max_chars)
        return doc_fail(doc_get(root, "max_chars"), e,
                        "\"max_chars\" is of the long field, and \"long\" is missing");
    if (!name)
        return OK;
    if (!slot_named(t, name, &slot))
        rc = spec_field(t, d, name, &f, e);
    if (rc)
        return rc;
    t->long_piece = template_uses(t, f, slot, &n);
    return n == 1
               ? OK
               : doc_fail(d, e, "the long field \"%s\" is in the template %zu times, wanted once",
                          name, n);
}

static bool str_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* fields_same - both are the same text of a row. */
static bool fields_same(const struct field *a, const struct field *b)
{
    return !a->text && !b->text && strcmp(a->path, b->path) == 0 &&
           str_same(a->before, b->before) && str_same(a->after, b->after);
}

/* shown - the field is in the template though it tells the label. */
static int shown(const struct task *t, const struct field *f, const char *key, struct err *e)
{
    size_t n;
    const struct doc *d = doc_get(t->tree.root, "template");
    for (size_t i = 0; f && i < t->n_fields; i++)
        if (fields_same(&t->fields[i], f) && template_uses(t, &t->fields[i], 0, &n) < t->n_pieces)
            return doc_fail(d, e,
                            "the template shows \"%s\", which is the %s and gives the class away",
                            t->fields[i].name, key);
    return OK;
}

static int shown_list(const struct task *t, const struct field_list *l, const char *key,
                      struct err *e)
{
    int rc = OK;
    for (size_t i = 0; !rc && i < l->n; i++)
        rc = shown(t, l->f[i], key, e);
    return rc;
}

static int template_check(const struct task *t, struct err *e)
{
    size_t n;
    const struct doc *d = doc_get(t->tree.root, "template");
    if (t->kind == KIND_CHOICE && template_uses(t, NULL, SLOT_CANDIDATE, &n) == t->n_pieces)
        return doc_fail(d, e, "the template of a choice has to hold {candidate}");
    for (size_t slot = SLOT_FIRST; t->kind == KIND_ORDER && slot < SLOTS; slot++)
        if (template_uses(t, NULL, slot, &n) == t->n_pieces)
            return doc_fail(d, e, "the template of an order has to hold {first} and {second}");
    size_t fields = 0;
    for (size_t i = 0; i < t->n_pieces; i++)
        fields += !t->pieces[i].text;
    if (!fields)
        return doc_fail(d, e, "the template holds no field, as {text}");
    int rc = shown(t, t->label.field, "label", e);
    for (size_t i = 0; !rc && i < t->n_votes; i++)
        rc = shown(t, t->votes[i].rule.field, "vote", e);
    if (!rc)
        rc = shown_list(t, &t->correct, "right answer", e);
    if (!rc)
        rc = shown_list(t, &t->answer, "answer", e);
    if (!rc)
        rc = shown_list(t, &t->marks, "answer", e);
    if (!rc)
        rc = shown_list(t, &t->wrong, "wrong answer", e);
    if (!rc)
        rc = shown(t, t->rating, "rating", e);
    if (!rc)
        rc = shown(t, t->written, "answer", e);
    if (!rc)
        rc = shown(t, t->better, "better text", e);
    if (!rc)
        rc = shown(t, t->worse, "worse text", e);
    return rc;
}

/* group_read - the fields that make rows one question: all of a list, or any of {any: list}. */
static int group_read(struct task *t, struct err *e)
{
    static const char *const keys[] = {"any", NULL};
    const struct doc *root = t->tree.root, *group = spec_present(root, "group");
    if (group && t->kind == KIND_PREFERENCE)
        return doc_fail(group, e,
                        "\"group\" means nothing to a preference: no text is in two pairs");
    t->group_any = group && group->type == DOC_MAP;
    /* A later puzzle's prompt holds the answers of the earlier ones of its game */
    if (!group && t->table.format == TABLE_PUZZLES && t->kind != KIND_PREFERENCE && !t->question) {
        int rc = spec_field_add(t, root, (struct field){.name = "game", .path = "game"}, e);
        t->group.f = rc ? NULL : arena_alloc(&t->tree.arena, 1, sizeof *t->group.f, e);
        if (rc || !t->group.f)
            return e->code;
        t->group.f[0] = &t->fields[t->n_fields - 1];
        t->group.n = 1;
        return OK;
    }
    if (!t->group_any)
        return spec_field_list(t, root, "group", &t->group, e);
    int rc = doc_check_keys(group, keys, e);
    if (!rc && !spec_present(group, "any"))
        rc = doc_fail(group, e, "\"any\" is missing: the fields of which rows may share one");
    return rc ? rc : spec_field_list(t, group, "any", &t->group, e);
}

/* kind_check - no key that says nothing in a task of this kind. */
static int kind_check(const struct task *t, struct err *e)
{
    static const char *const names[] = {"labelled", "a choice", "an order", "a preference",
                                        "a generation"}; /* as kinds */
    static const struct {
        const char *key;
        unsigned in; /* a bit for each kind that has it */
    } keys[] = {
        {"label", 1U << KIND_LABELLED},
        {"votes", 1U << KIND_LABELLED},
        {"choice", 1U << KIND_CHOICE},
        {"order", 1U << KIND_ORDER},
        {"preference", 1U << KIND_PREFERENCE},
        {"answer", 1U << KIND_GENERATION},
        {"confidence", ~(1U << KIND_PREFERENCE)},
        {"classes", ~(1U << KIND_GENERATION)},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const struct doc *d = spec_present(t->tree.root, keys[i].key);
        const char *owner = "another kind";
        for (size_t k = 0; kinds[k]; k++)
            owner = keys[i].in == 1U << k ? kinds[k] : owner;
        if (d && !(keys[i].in & 1U << t->kind))
            return doc_fail(d, e, "\"%s\" belongs to tasks of %s%s, this one is %s", keys[i].key,
                            keys[i].in & (keys[i].in - 1) ? "" : "kind ", owner, names[t->kind]);
    }
    return OK;
}

/* asking_set - what "prompt" says, and else "Answer:" and the classes' names. */
static int asking_set(struct task *t, struct err *e)
{
    const struct doc *map = spec_present(t->tree.root, "prompt");
    struct asking own;
    t->asking = (struct asking){.instruction = "", .ask = "Answer:", .n_words = t->n_classes};
    for (size_t k = 0; k < t->n_classes; k++) {
        struct str word = STR_INIT;
        str_addf(&word, " %s", t->classes[k].name);
        int bad = str_check(&word, e);
        t->asking.words[k] = bad ? NULL : arena_strdup(&t->tree.arena, word.s, e);
        str_release(&word);
        if (!t->asking.words[k])
            return e->code;
    }
    if (!map)
        return OK;
    if (t->alternatives || t->kind == KIND_GENERATION)
        return doc_fail(map, e,
                        "\"prompt\" asks which class a text has, and the examples of this task "
                        "%s",
                        t->alternatives ? "are several texts with a reward each" : "are written");
    int rc = doc_check_keys(map, asking_keys, e);
    if (!rc)
        rc = asking_read(&own, map, e);
    if (!rc && own.n_words && own.n_words != t->n_classes)
        rc = doc_fail(doc_get(map, "words"), e, "\"words\" has %zu words, there are %zu classes",
                      own.n_words, t->n_classes);
    if (!rc)
        asking_over(&t->asking, &own);
    return rc;
}

static int rules_read(struct task *t, struct err *e)
{
    const struct doc *root = t->tree.root;
    const char *name = NULL;
    t->balance = 0.55;
    static int (*const rules[])(struct task *,
                                struct err *) = {[KIND_LABELLED] = spec_label,
                                                 [KIND_CHOICE] = spec_choice,
                                                 [KIND_ORDER] = spec_order,
                                                 [KIND_PREFERENCE] = spec_preference,
                                                 [KIND_GENERATION] = spec_generation};
    int rc = kind_check(t, e);
    if (!rc)
        rc = rules[t->kind](t, e);
    if (!rc)
        rc = template_read(t, e);
    if (!rc)
        rc = long_read(t, e);
    if (!rc)
        rc = template_check(t, e);
    if (!rc)
        rc = group_read(t, e);
    if (!rc)
        rc = spec_bands(t, e);
    if (!rc)
        rc = spec_field_list(t, root, "alone", &t->alone, e);
    if (!rc)
        rc = doc_opt_str(root, "confidence", &name, e);
    if (!rc && name)
        rc = spec_field(t, doc_get(root, "confidence"), name, &t->confidence, e);
    if (!rc)
        rc = doc_opt_real(root, "balance", 0.5, 1, &t->balance, e);
    if (!rc)
        rc = asking_set(t, e);
    return rc;
}

/* spec_read - the whole file, with the source of that number. */
static int spec_read(struct task *t, size_t source, struct err *e)
{
    const struct doc *root = t->tree.root;
    int kind = -1;
    if (root->type != DOC_MAP)
        return doc_fail(root, e, "a task file is a map of keys, this is a %s",
                        doc_type_name(root->type));
    int rc = doc_check_keys(root, task_keys, e);
    if (!rc)
        rc = doc_str(root, "name", &t->name, e);
    t->title = t->name;
    if (!rc)
        rc = doc_opt_str(root, "title", &t->title, e);
    if (!rc)
        rc = doc_str(root, "citation", &t->citation, e);
    if (!rc)
        rc = doc_str(root, "licence", &t->licence, e);
    if (!rc)
        rc = doc_opt_enum(root, "kind", kinds, &kind, e);
    if (!rc && kind < 0)
        rc = doc_fail(root, e,
                      "\"kind\" is missing: labelled, choice, order, preference or generation");
    t->kind = (enum task_kind)kind;
    if (!rc)
        rc = spec_source(t, source, e);
    if (!rc)
        rc = classes_read(t, e);
    return rc ? rc : rules_read(t, e);
}

int task_source_use(struct task *t, size_t i, struct err *e)
{
    BUG_ON(t->n_sources && i >= t->n_sources);
    *t = (struct task){.tree = t->tree, .file = t->file, .source = i};
    return spec_read(t, i, e);
}

/* from_folder - the paths of files below d, of a base in that folder, counted from the task's own.
 */
static int from_folder(struct task *t, struct doc *d, const char *folder, struct err *e)
{
    struct str path = STR_INIT;
    int rc = OK;
    for (struct doc *c = d->child; c && !rc; c = c->next)
        rc = from_folder(t, c, folder, e);
    if (rc || d->type != DOC_STRING || *d->s == '/')
        return rc;
    str_path(&path, folder, d->s);
    rc = str_check(&path, e);
    if (!rc && !(d->s = arena_strdup(&t->tree.arena, path.s, e)))
        rc = e->code;
    d->len = path.len;
    str_release(&path);
    return rc;
}

/* base_files - of a base in another folder: its data, unless they are an asset's, lie in that. */
static int base_files(struct task *t, struct doc *base, const char *folder, struct err *e)
{
    const bool asset = spec_present(spec_present(t->tree.root, "source"), "asset") != NULL;
    int rc = OK;
    for (struct doc *d = base->child; d && !rc; d = d->next) {
        const bool one = strcmp(d->key, "source") == 0, many = strcmp(d->key, "sources") == 0;
        for (struct doc *s = one ? d : many ? d->child : NULL; s && !rc; s = one ? NULL : s->next)
            for (struct doc *f = s->child; f && !rc && s->type == DOC_MAP; f = f->next)
                if (strcmp(f->key, "files") == 0 && !(one && asset) && !spec_present(s, "asset"))
                    rc = from_folder(t, f, folder, e);
    }
    return rc;
}

/* base_read - what the file of a "base" says is the task's where it says nothing else. */
static int base_read(struct task *t, const char *path, struct err *e)
{
    struct doc_tree base = DOC_TREE_INIT;
    struct str folder = STR_INIT, beside = STR_INIT;
    const char *name = NULL;
    int rc = doc_opt_str(t->tree.root, "base", &name, e);
    if (rc || !name)
        return rc;
    rc = file_folder(&folder, path, e);
    if (*name == '/')
        str_cat(&beside, name);
    else
        str_path(&beside, folder.s, name);
    if (!rc)
        rc = str_check(&beside, e);
    if (!rc && !file_exists(beside.s))
        rc = doc_fail(doc_get(t->tree.root, "base"), e, "\"base\" is %s, and there is no such file",
                      beside.s);
    if (!rc)
        rc = doc_read_yaml(&base, beside.s, e);
    if (!rc && base.root->type != DOC_MAP)
        rc = doc_fail(base.root, e, "this is no task: keys and values are wanted");
    if (!rc && doc_get(base.root, "base"))
        rc = doc_fail(doc_get(base.root, "base"), e,
                      "the \"base\" of a task has a \"base\" itself: wanted a whole task");
    const char *end = strrchr(name, '/');
    if (!rc && end) {
        str_reset(&folder);
        str_catn(&folder, name, end == name ? 1 : (size_t)(end - name));
        rc = str_check(&folder, e);
        if (!rc)
            rc = base_files(t, base.root, folder.s, e);
    }
    if (!rc)
        rc = doc_under(&t->tree, base.root, e);
    doc_tree_release(&base);
    str_release(&folder);
    str_release(&beside);
    return rc;
}

int task_read(struct task **out, const char *path, struct err *e)
{
    *out = NULL;
    struct task *t = mem_zalloc(1, sizeof *t, e);
    if (!t)
        return e->code;
    int rc = doc_read_yaml(&t->tree, path, e);
    if (!rc && t->tree.root->type == DOC_MAP)
        rc = base_read(t, path, e);
    if (!rc && !(t->file = arena_strdup(&t->tree.arena, path, e)))
        rc = e->code;
    if (!rc)
        rc = task_source_use(t, 0, e);
    /* A mistake in a source is found whichever of them will be there */
    for (size_t n = t->n_sources; !rc && n > 1; n--)
        rc = task_source_use(t, n - 1, e);
    if (!rc && t->source)
        rc = task_source_use(t, 0, e);
    if (rc)
        task_free(t);
    else
        *out = t;
    return rc;
}
