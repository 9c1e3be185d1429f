/* SPDX-License-Identifier: MIT
 *
 * What a compile leaves on disk: text, object, trainer, library. */
#include "compile.h"

#include "library.h"
#include "output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* "dir/a.b" -> "dir/a" */
static const char *without_suffix(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    const char *base = slash ? slash + 1 : path;
    return dot && dot > base ? arena_strndup(arena, path, (size_t)(dot - path)) : path;
}

const char *artifact_path(struct compile *c)
{
    static const char *const suffix[] = {
        [GPFC_EMIT_IR] = ".ir",     [GPFC_EMIT_LLVM] = ".ll",    [GPFC_EMIT_ASM] = ".s",      [GPFC_EMIT_OBJECT] = ".o",
        [GPFC_EMIT_HEADER] = ".h", [GPFC_EMIT_LIBRARY] = ".so", [GPFC_EMIT_EXECUTABLE] = "",
    };
    if (c->options->output && c->options->emit == GPFC_EMIT_LIBRARY)
        return arena_printf(c->arena, "%s.so", without_suffix(c->arena, c->options->output));
    if (c->options->output)
        return c->options->output;
    if (!c->options->from_ir) {
        bool is_c = c->options->emit == GPFC_EMIT_HEADER || c->options->emit == GPFC_EMIT_LIBRARY;
        const char *name = is_c ? library_prefix(c->arena, c->model.name) : c->model.name;
        return arena_printf(c->arena, "%s%s", name, suffix[c->options->emit]);
    }
    const char *slash = strrchr(c->options->input, '/');
    const char *base = slash ? slash + 1 : c->options->input;
    return arena_printf(c->arena, "%s%s", without_suffix(c->arena, base), suffix[c->options->emit]);
}

static enum gpfc_status write_text(struct compile *c, const char *path, const char *text, size_t length)
{
    const char *fault = NULL;
    if (!output_write(c->arena, path, text, length, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    c->report->output_bytes += (long)length;
    return GPFC_OK;
}

static enum gpfc_status write_ir(struct compile *c, const char *path)
{
    struct strbuf text;
    strbuf_init(&text, c->arena);
    for (int k = 0; k < c->n_kernels; k++)
        ir_print(c->graphs[k], &text);
    return write_text(c, path, strbuf_text(&text), text.length);
}

static enum gpfc_status write_code(struct compile *c, const char *path, LLVMCodeGenFileType kind)
{
    const char *fault = NULL, *bytes;
    size_t length;
    if (!module_emit(c->arena, c->module.module, c->module.machine, kind, &bytes, &length, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    return write_text(c, path, bytes, length);
}

static const char *in_folder(struct compile *c, const char *name)
{
    return arena_printf(c->arena, "%s/%s", c->folder, name);
}

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

static enum gpfc_status move_result(struct compile *c, const char *name, const char *path, bool executable)
{
    const char *fault = NULL;
    size_t length = 0;
    if (!output_move(c->arena, in_folder(c, name), path, executable, &length, &fault))
        return compile_fail(c, GPFC_FAILED, fault);
    c->report->output_bytes += (long)length;
    return GPFC_OK;
}

static enum gpfc_status make_folder(struct compile *c)
{
    const char *fault = NULL;
    c->folder = output_folder_new(c->arena, &fault);
    return c->folder ? GPFC_OK : compile_fail(c, GPFC_FAILED, fault);
}

/* Told before the linker does, which knows of no way out. */
static enum gpfc_status find_runtime(struct compile *c, const char *folder)
{
    const char *library = arena_printf(c->arena, "%s/libgpfcrt.a", folder);
    if (access(library, R_OK) == 0)
        return GPFC_OK;
    return compile_fail(c, GPFC_FAILED, arena_printf(c->arena, "%s: cannot be read: %s; trainers are linked with it. "
                                             "Install gpfc, or name its build folder in GPFC_RUNTIME_DIR",
                                             library, strerror(errno)));
}

static const char *object_path(struct compile *c, int i)
{
    return arena_printf(c->arena, "%s/kernels%d.o", c->folder, i);
}

static enum gpfc_status write_objects(struct compile *c)
{
    if (!c->object[0].bytes)
        return write_code(c, object_path(c, 0), LLVMObjectFile);
    enum gpfc_status status = GPFC_OK;
    for (int i = 0; i < COMPILE_OBJECTS && status == GPFC_OK; i++)
        status = write_text(c, object_path(c, i), c->object[i].bytes, c->object[i].length);
    return status;
}

static enum gpfc_status link_trainer(struct compile *c, const char *path)
{
    const char *runtime = c->options->runtime_dir ? c->options->runtime_dir : GPFC_LIBDIR;
    struct command command = {.arena = c->arena};
    enum gpfc_status status = find_runtime(c, runtime);
    if (status == GPFC_OK)
        status = make_folder(c);
    if (status == GPFC_OK)
        status = write_objects(c);
    add_words(&command, GPFC_CC);
    add_argument(&command, "-o");
    add_argument(&command, in_folder(c, "trainer"));
    for (int i = 0; i < COMPILE_OBJECTS && c->object[i].bytes; i++)
        add_argument(&command, object_path(c, i));
    if (!c->object[0].bytes)
        add_argument(&command, object_path(c, 0));
    add_argument(&command, arena_printf(c->arena, "-L%s", runtime));
    add_words(&command, GPFC_RUNTIME_LINK);
    if (status == GPFC_OK)
        status = run(c, &command);
    c->report->output_bytes = 0; /* the kernels are within the trainer */
    return status == GPFC_OK ? move_result(c, "trainer", path, true) : status;
}

static struct library_facts library_facts(const struct compile *c)
{
    return (struct library_facts){.model = &c->model, .flow = c->report->flow, .lanes = c->report->lanes};
}

/* NAME.h, NAME.so and NAME.a beside each other. */
static enum gpfc_status write_library(struct compile *c, const char *path)
{
    struct library_facts facts = library_facts(c);
    const char *stem = without_suffix(c->arena, path);
    const char *header = library_header(c->arena, &facts), *code = library_code(c->arena, &facts);
    const char *prefix = library_prefix(c->arena, c->model.name);
    const char *header_name = arena_printf(c->arena, "%s.h", prefix);
    enum gpfc_status status = make_folder(c);
    if (status == GPFC_OK)
        status = write_text(c, in_folder(c, header_name), header, strlen(header));
    if (status == GPFC_OK)
        status = write_text(c, in_folder(c, "kernel_abi.h"), library_abi_header(), strlen(library_abi_header()));
    if (status == GPFC_OK)
        status = write_text(c, in_folder(c, "library.c"), code, strlen(code));
    if (status == GPFC_OK)
        status = write_code(c, in_folder(c, "kernels.o"), LLVMObjectFile);
    struct command compile = {.arena = c->arena}, link = {.arena = c->arena}, archive = {.arena = c->arena};
    add_words(&compile, GPFC_CC " -std=c11 -O2 -fPIC -c -o");
    add_argument(&compile, in_folder(c, "library.o"));
    add_argument(&compile, in_folder(c, "library.c"));
    add_words(&link, GPFC_CC " -shared -o");
    add_words(&archive, "ar rcs");
    add_argument(&link, in_folder(c, "library.so"));
    add_argument(&archive, in_folder(c, "library.a"));
    struct command *const both[] = {&link, &archive};
    for (int i = 0; i < 2; i++) {
        add_argument(both[i], in_folder(c, "library.o"));
        add_argument(both[i], in_folder(c, "kernels.o"));
    }
    add_argument(&link, "-lm");
    const struct command *const commands[] = {&compile, &link, &archive};
    for (int i = 0; i < 3 && status == GPFC_OK; i++)
        status = run(c, commands[i]);
    c->report->output_bytes = 0;
    if (status == GPFC_OK)
        status = move_result(c, "library.a", arena_printf(c->arena, "%s.a", stem), false);
    if (status == GPFC_OK)
        status = move_result(c, "library.so", arena_printf(c->arena, "%s.so", stem), true);
    if (status == GPFC_OK)
        status = write_text(c, arena_printf(c->arena, "%s.h", stem), header, strlen(header));
    return status;
}

enum gpfc_status artifact_write(struct compile *c, const char *path)
{
    const char *text;
    struct library_facts facts;
    switch (c->options->emit) {
    case GPFC_EMIT_IR:
        return write_ir(c, path);
    case GPFC_EMIT_LLVM:
        text = module_text(c->arena, c->module.module);
        return write_text(c, path, text, strlen(text));
    case GPFC_EMIT_ASM:
        return write_code(c, path, LLVMAssemblyFile);
    case GPFC_EMIT_OBJECT:
        return write_code(c, path, LLVMObjectFile);
    case GPFC_EMIT_HEADER:
        facts = library_facts(c);
        text = library_header(c->arena, &facts);
        return write_text(c, path, text, strlen(text));
    case GPFC_EMIT_LIBRARY:
        return write_library(c, path);
    case GPFC_EMIT_EXECUTABLE:
        return link_trainer(c, path);
    }
    return GPFC_FAILED;
}
