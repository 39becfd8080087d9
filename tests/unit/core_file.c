/* file - what is written appears whole, under names that no other writer has. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/file.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[] = "/tmp/w2s-file-XXXXXX";

static const char *under(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void assert_holds(const char *path, const char *text)
{
    struct err e = ERR_INIT;
    struct str s = STR_INIT;
    assert_int_equal(file_read(&s, path, &e), OK);
    assert_string_equal(s.s, text);
    str_release(&s);
}

/* Two writers of one file with one process number, as on two machines or in two containers that
 * share a folder: each writes its own, the last to commit stays. */
static void writers_do_not_meet(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct file_out *a, *b, *c;
    char **names;
    size_t n;
    assert_int_equal(file_out_open(&a, under("x"), &e), OK);
    assert_int_equal(file_out_open(&b, under("x"), &e), OK);
    assert_int_equal(file_out_open(&c, under("x"), &e), OK);
    assert_int_equal(file_list(dir, &names, &n, &e), OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++)
        assert_true(file_is_leftover(names[i]));
    mem_free(names);
    assert_int_equal(file_out_write(a, "first", 5, &e), OK);
    assert_int_equal(file_out_write(b, "2", 1, &e), OK);
    assert_int_equal(file_out_commit(a, &e), OK);
    assert_holds(under("x"), "first");
    assert_int_equal(file_out_commit(b, &e), OK);
    assert_holds(under("x"), "2");
    file_out_close(a);
    file_out_close(b);
    file_out_close(c); /* not committed: nothing of it stays */
    assert_int_equal(file_list(dir, &names, &n, &e), OK);
    assert_int_equal(n, 1);
    mem_free(names);
}

static void leftovers_by_their_names(void **state)
{
    (void)state;
    assert_true(file_is_leftover("x.part-0123456789abcdef"));
    assert_false(file_is_leftover("x.part-"));
    assert_false(file_is_leftover("x.part-0123456789abcde"));
    assert_false(file_is_leftover("x.part-0123456789abcdef0"));
    assert_false(file_is_leftover("x.part-0123456789ABCDEF"));
    assert_false(file_is_leftover("model.part-1"));
}

static void stamps(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(file_stamp(under("stamped")), 0);
    assert_int_equal(file_write(under("stamped"), "a", 1, &e), OK);
    uint64_t first = file_stamp(under("stamped"));
    assert_true(first != 0);
    assert_true(file_stamp(under("stamped")) == first);
    assert_int_equal(file_append(under("stamped"), "b", 1, &e), OK);
    uint64_t second = file_stamp(under("stamped"));
    assert_true(second != first);
    assert_int_equal(file_write(under("stamped"), "cd", 2, &e), OK); /* a new file, renamed */
    assert_true(file_stamp(under("stamped")) != second);
    assert_int_equal(file_remove_tree(under("stamped"), &e), OK);
}

static void parts_of_paths(void **state)
{
    static const struct {
        const char *path, *folder, *name;
    } rows[] = {{"a/b/c.yaml", "a/b", "c.yaml"},
                {"c.yaml", ".", "c.yaml"},
                {"/c", "/", "c"},
                {"./c", ".", "c"},
                {"a/", "a", ""},
                {"", ".", ""}};
    struct str folder = STR_INIT;
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(file_folder(&folder, rows[i].path, &e), OK);
        assert_string_equal(folder.s, rows[i].folder);
        assert_string_equal(file_name(rows[i].path), rows[i].name);
    }
    str_release(&folder);
}

static void stems(void **state)
{
    static const char *const files[] = {"b.yaml", "a.yaml", "c.yml", ".yaml", "yaml"};
    char **names, path[64];
    struct err e = ERR_INIT;
    size_t n;
    (void)state;
    snprintf(path, sizeof path, "%s/stems", dir);
    assert_int_equal(file_list_stems(path, ".yaml", &names, &n, &e), OK);
    assert_int_equal(n, 0);
    mem_free(names);
    assert_int_equal(file_mkdirs(path, &e), OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "stems/%s", files[i]);
        assert_int_equal(file_write(under(path), "", 0, &e), OK);
    }
    snprintf(path, sizeof path, "%s/stems", dir);
    assert_int_equal(file_list_stems(path, ".yaml", &names, &n, &e), OK);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "");
    assert_string_equal(names[1], "a");
    assert_string_equal(names[2], "b");
    mem_free(names);
    assert_int_equal(file_list_stems(path, "", &names, &n, &e), OK);
    assert_int_equal(n, 5);
    mem_free(names);
    assert_int_equal(file_remove_tree(path, &e), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writers_do_not_meet),      cmocka_unit_test(stamps),
        cmocka_unit_test(parts_of_paths),           cmocka_unit_test(stems),
        cmocka_unit_test(leftovers_by_their_names),
    };
    struct err e = ERR_INIT;
    if (!mkdtemp(dir))
        return 99;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    file_remove_tree(dir, &e);
    return failed;
}
