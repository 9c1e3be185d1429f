/* SPDX-License-Identifier: MIT
 *
 * The files that a compile writes: text, object, trainer, library. */
#include "drive/artifact.h"

#include "base/file.h"
#include "drive/library.h"
#include "drive/output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "dir/a.b" -> "dir/a" */
static const char *without_suffix(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const char *base = slash ? slash + 1 : path;
    return dot && dot > base ? arena_strndup(arena, path, (size_t)(dot - path)) : path;
}

static const char *path_of(struct compile *c)
{
    static const char *const suffix[] = {
        [GPFC_EMIT_IR] = ".ir",    [GPFC_EMIT_C] = ".c",        [GPFC_EMIT_LLVM] = ".ll",
        [GPFC_EMIT_CUDA] = ".cu",  [GPFC_EMIT_ASM] = ".s",      [GPFC_EMIT_OBJECT] = ".o",
        [GPFC_EMIT_HEADER] = ".h", [GPFC_EMIT_LIBRARY] = ".so", [GPFC_EMIT_EXECUTABLE] = "",
    };
    if (c->options->output && c->options->emit == GPFC_EMIT_LIBRARY)
        return arena_printf(c->arena, "%s.so", without_suffix(c->arena, c->options->output));
    if (c->options->output)
        return c->options->output;
    if (!c->options->from_ir) {
        bool is_c = c->options->emit == GPFC_EMIT_HEADER || c->options->emit == GPFC_EMIT_LIBRARY;
        const char *name = is_c ? library_prefix(c->arena, c->front.model.name) : c->front.model.name;
        return arena_printf(c->arena, "%s%s", name, suffix[c->options->emit]);
    }
    const char *input = strcmp(c->options->input, "-") == 0 ? "program" : c->options->input;
    const char *slash = strrchr(input, '/'), *base = slash ? slash + 1 : input;
    return arena_printf(c->arena, "%s%s", without_suffix(c->arena, base), suffix[c->options->emit]);
}

static bool is_input(const struct compile *c, const char *path)
{
    struct stat input, output;
    return strcmp(c->options->input, "-") != 0 && stat(c->options->input, &input) == 0 &&
           stat(path, &output) == 0 && S_ISREG(output.st_mode) && input.st_dev == output.st_dev &&
           input.st_ino == output.st_ino;
}

static enum gpfc_status write_file(struct compile *c, const char *path, const char *bytes, size_t length,
                                   bool executable)
{
    const char *fault = NULL;
    if (is_input(c, path))
        return compile_fail(c, GPFC_FAULTY,
                            arena_printf(c->arena, "%s is both the input and the output", path));
    if (!file_put(c->arena, path, bytes, length, executable ? 0777 : 0666, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    c->report->output_bytes += (long)length;
    return GPFC_OK;
}

static enum gpfc_status write_text(struct compile *c, const char *path, const char *text)
{
    return write_file(c, path, text, strlen(text), false);
}

static enum gpfc_status write_ir(struct compile *c, const char *path)
{
    struct strbuf text;
    strbuf_init(&text, c->arena);
    for (int k = 0; k < c->programs.n; k++)
        ir_print(c->programs.graphs[k], &text);
    return write_text(c, path, strbuf_text(&text));
}

static enum gpfc_status make_code(struct compile *c, enum gpfc_emit kind, struct backend_bytes *out)
{
    const char *fault = NULL;
    if (!c->backend->print(c->arena, c->code.whole, kind, out, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    return GPFC_OK;
}

static enum gpfc_status write_code(struct compile *c, const char *path)
{
    struct backend_bytes code;
    enum gpfc_status status = make_code(c, c->options->emit, &code);
    return status == GPFC_OK ? write_file(c, path, code.bytes, code.length, false) : status;
}

/* ---- files on the way: in a folder that is gone before anything is written that stays ------------------ */

static enum gpfc_status make_folder(struct compile *c)
{
    const char *fault = NULL;
    c->code.folder = output_folder_new(c->arena, &fault);
    return c->code.folder ? GPFC_OK : compile_fail(c, GPFC_FAILED, fault);
}

static const char *in_folder(struct compile *c, const char *name)
{
    return arena_printf(c->arena, "%s/%s", c->code.folder->path, name);
}

static enum gpfc_status put(struct compile *c, const char *name, const char *bytes, size_t length)
{
    const char *fault = NULL;
    if (!file_put(c->arena, in_folder(c, name), bytes, length, 0666, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    return GPFC_OK;
}

static enum gpfc_status put_text(struct compile *c, const char *name, const char *text)
{
    return put(c, name, text, strlen(text));
}

static enum gpfc_status take(struct compile *c, const char *name, struct source *out)
{
    enum { MOST_BYTES = 1 << 30 };
    const char *fault = NULL;
    if (source_read(c->arena, in_folder(c, name), MOST_BYTES, out, &fault) != SOURCE_OK)
        return compile_fail(c, GPFC_FAILED, fault);
    return GPFC_OK;
}

/* ---- programs that run --------------------------------------------------------------------------------- */

struct command {
    struct arena *arena;
    const char *argument[128];
    int n;
};

static void add_argument(struct command *command, const char *text)
{
    if (command->n + 1 < (int)(sizeof command->argument / sizeof *command->argument))
        command->argument[command->n++] = text;
}

/* Words separated by blanks, as configure writes flags. */
static void add_words(struct command *command, const char *words)
{
    for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
        size_t length = strcspn(words, " ");
        add_argument(command, arena_strndup(command->arena, words, length));
        words += length;
    }
}

static enum gpfc_status run(struct compile *c, const struct command *command)
{
    const char *fault = NULL;
    return output_run(c->arena, command->argument, &fault) ? GPFC_OK : compile_fail(c, GPFC_FAILED, fault);
}

/* ---- trainers ------------------------------------------------------------------------------------------ */

static const char *runtime_folder(const struct compile *c)
{
    return c->options->runtime_dir ? c->options->runtime_dir : GPFC_LIBDIR;
}

enum gpfc_status artifact_check(struct compile *c)
{
    const char *library = arena_printf(c->arena, "%s/libgpfcrt.a", runtime_folder(c));
    if (c->options->emit != GPFC_EMIT_EXECUTABLE || c->options->dump_alone || access(library, R_OK) == 0)
        return GPFC_OK;
    return compile_fail(c, GPFC_FAILED,
                        arena_printf(c->arena,
                                     "%s: cannot be read: %s; trainers are linked with it. "
                                     "Install gpfc, or name the library's folder in GPFC_RUNTIME_DIR",
                                     library, strerror(errno)));
}

static const char *object_name(struct compile *c, int i)
{
    return arena_printf(c->arena, "kernels%d.o", i);
}

static enum gpfc_status put_objects(struct compile *c)
{
    enum gpfc_status status = GPFC_OK;
    for (int i = 0; i < COMPILE_OBJECTS && status == GPFC_OK; i++)
        if (c->code.object[i].bytes)
            status = put(c, object_name(c, i), c->code.object[i].bytes, c->code.object[i].length);
    return status;
}

static enum gpfc_status link_objects(struct compile *c, const char *runtime)
{
    struct command command = {.arena = c->arena};
    add_words(&command, GPFC_CC);
    add_argument(&command, "-o");
    add_argument(&command, in_folder(c, "trainer"));
    for (int i = 0; i < COMPILE_OBJECTS; i++)
        if (c->code.object[i].bytes)
            add_argument(&command, in_folder(c, object_name(c, i)));
    add_argument(&command, arena_printf(c->arena, "-L%s", runtime));
    add_words(&command, GPFC_RUNTIME_LINK);
    return run(c, &command);
}

static enum gpfc_status write_trainer(struct compile *c, const char *path)
{
    struct source trainer;
    enum gpfc_status status = GPFC_OK;
    if (!c->code.object[0].bytes)
        status = make_code(c, GPFC_EMIT_OBJECT, &c->code.object[0]);
    if (status == GPFC_OK)
        status = make_folder(c);
    if (status == GPFC_OK)
        status = put_objects(c);
    if (status == GPFC_OK)
        status = link_objects(c, runtime_folder(c));
    if (status == GPFC_OK)
        status = take(c, "trainer", &trainer);
    if (status != GPFC_OK)
        return status;
    output_folder_remove(c->code.folder);
    return write_file(c, path, trainer.text, trainer.length, true);
}

/* ---- libraries ----------------------------------------------------------------------------------------- */

static struct library_facts library_facts(const struct compile *c)
{
    return (struct library_facts){.model = &c->front.model,
                                  .flow = c->report->family[0].description,
                                  .lanes = c->choices.family[0].schedule.lanes};
}

static enum gpfc_status put_parts(struct compile *c, const char *header, const struct backend_bytes *kernels)
{
    struct library_facts facts = library_facts(c);
    const char *header_name = arena_printf(c->arena, "%s.h", library_prefix(c->arena, c->front.model.name));
    enum gpfc_status status = put_text(c, header_name, header);
    if (status == GPFC_OK)
        status = put_text(c, "kernel_abi.h", library_abi_header());
    if (status == GPFC_OK)
        status = put_text(c, "library.c", library_code(c->arena, &facts));
    if (status == GPFC_OK)
        status = put(c, "kernels.o", kernels->bytes, kernels->length);
    return status;
}

/* words: the program and its flags; names: files in the folder, NULL at the end; flags: what comes last. */
static enum gpfc_status run_in_folder(struct compile *c, const char *words, const char *const *names,
                                      const char *flags)
{
    struct command command = {.arena = c->arena};
    add_words(&command, words);
    for (; *names; names++)
        add_argument(&command, in_folder(c, *names));
    add_words(&command, flags);
    return run(c, &command);
}

static enum gpfc_status join_parts(struct compile *c)
{
    static const char *const code[] = {"library.o", "library.c", NULL};
    static const char *const shared[] = {"library.so", "library.o", "kernels.o", NULL};
    static const char *const archive[] = {"library.a", "library.o", "kernels.o", NULL};
    enum gpfc_status status = run_in_folder(c, GPFC_CC " -std=c11 -O2 -fPIC -c -o", code, "");
    if (status == GPFC_OK)
        status = run_in_folder(c, GPFC_CC " -shared -o", shared, "-lm");
    if (status == GPFC_OK)
        status = run_in_folder(c, "ar rcs", archive, "");
    return status;
}

static enum gpfc_status make_library(struct compile *c, const char *header, struct source *archive,
                                     struct source *shared)
{
    struct backend_bytes kernels;
    enum gpfc_status status = make_code(c, GPFC_EMIT_OBJECT, &kernels);
    if (status == GPFC_OK)
        status = make_folder(c);
    if (status == GPFC_OK)
        status = put_parts(c, header, &kernels);
    if (status == GPFC_OK)
        status = join_parts(c);
    if (status == GPFC_OK)
        status = take(c, "library.a", archive);
    if (status == GPFC_OK)
        status = take(c, "library.so", shared);
    if (status == GPFC_OK)
        output_folder_remove(c->code.folder);
    return status;
}

/* NAME.h, NAME.so and NAME.a beside each other. */
static enum gpfc_status write_library(struct compile *c, const char *path)
{
    struct library_facts facts = library_facts(c);
    const char *stem = without_suffix(c->arena, path), *header = library_header(c->arena, &facts);
    struct source archive, shared;
    enum gpfc_status status = make_library(c, header, &archive, &shared);
    if (status == GPFC_OK)
        status = write_file(c, arena_printf(c->arena, "%s.a", stem), archive.text, archive.length, false);
    if (status == GPFC_OK)
        status = write_file(c, arena_printf(c->arena, "%s.so", stem), shared.text, shared.length, true);
    if (status == GPFC_OK)
        status = write_text(c, arena_printf(c->arena, "%s.h", stem), header);
    if (status == GPFC_OK)
        c->report->functions = compile_keep(c, library_functions(c->arena, &c->front.model));
    return status;
}

static enum gpfc_status write_kind(struct compile *c, const char *path)
{
    struct library_facts facts;
    switch (c->options->emit) {
    case GPFC_EMIT_IR:
        return write_ir(c, path);
    case GPFC_EMIT_C:
    case GPFC_EMIT_CUDA:
    case GPFC_EMIT_LLVM:
    case GPFC_EMIT_ASM:
    case GPFC_EMIT_OBJECT:
        return write_code(c, path);
    case GPFC_EMIT_HEADER:
        facts = library_facts(c);
        return write_text(c, path, library_header(c->arena, &facts));
    case GPFC_EMIT_LIBRARY:
        return write_library(c, path);
    case GPFC_EMIT_EXECUTABLE:
        return write_trainer(c, path);
    }
    return GPFC_FAILED;
}

enum gpfc_status artifact_write(struct compile *c)
{
    const char *path = path_of(c);
    const enum gpfc_status status = write_kind(c, path);
    if (status == GPFC_OK)
        c->report->output = compile_keep(c, path);
    return status;
}
