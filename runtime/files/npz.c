/* SPDX-License-Identifier: MIT
 *
 * Takes an .npz and names, gives readers of its arrays (npz_write.c makes one). What a zip's directory claims
 * is checked against the size of the file before anything is allocated. */
#include "files/npz.h"

#include "files/npy_format.h"
#include "files/npz_error.h"
#include "files/npz_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

enum {
    DEFLATE_GREATEST_RATIO = 1032 /* of bytes out to bytes in: 258 bytes a symbol pair of two bits */
};

struct npz {
    char *path;
    zip_t *zip;
    FILE *stream;   /* the zip's; closed with it */
    int descriptor; /* of the same file, for members that are mapped; -1: none are */
    int64_t file_bytes;
};

/* What libzip takes for the end of the file may be a read that failed. before: "cannot read ", or "". */
static bool tell(const struct npz *npz, const char *before, const char *name, zip_error_t *error,
                 struct fault *fault)
{
    const struct npz_error of_system = npz_error_of(error);
    if (of_system.number)
        return fault_system(fault, of_system.call, of_system.number, "cannot read %s", name);
    if (ferror(npz->stream))
        return fault_system(fault, "read", EIO, "cannot read %s", name);
    if (zip_error_code_zip(error) == ZIP_ER_NOZIP)
        return fault_set(fault, FAULT_INPUT, "%s%s: not a zip file, or its end is missing", before, name);
    return fault_set(fault, FAULT_INPUT, "%s%s: %s", before, name, zip_error_strerror(error));
}

static bool cannot_read(const struct npz *npz, const char *name, zip_error_t *error, struct fault *fault)
{
    return tell(npz, "", name, error, fault);
}

static int64_t size_of_file(int descriptor)
{
    struct stat what;
    return fstat(descriptor, &what) == 0 ? (int64_t)what.st_size : -1;
}

/* On a descriptor of its own. */
static bool open_stream(struct npz *npz, const struct byte_source *source, const char *name,
                        struct fault *fault)
{
    const int own = fcntl(source->descriptor, F_DUPFD_CLOEXEC, 0);
    npz->stream = own >= 0 ? fdopen(own, "rb") : NULL;
    if (npz->stream)
        return true;
    (void)fault_system(fault, own < 0 ? "fcntl" : "fdopen", errno, "cannot read %s", name);
    if (own >= 0)
        close(own);
    return false;
}

static bool open_zip(struct npz *npz, const char *name, struct fault *fault)
{
    zip_error_t error;
    zip_error_init(&error);
    errno = 0;
    zip_source_t *const source = zip_source_filep_create(npz->stream, 0, -1, &error);
    npz->zip = source ? zip_open_from_source(source, 0, &error) : NULL;
    if (!npz->zip && errno == ENOMEM) /* libzip may say that it is no zip file */
        (void)fault_system(fault, NULL, ENOMEM, "cannot read %s", name);
    else if (!npz->zip)
        (void)tell(npz, "cannot read ", name, &error, fault);
    if (!npz->zip && source)
        zip_source_free(source); /* closes the stream */
    else if (!source)
        (void)fclose(npz->stream);
    zip_error_fini(&error);
    return npz->zip;
}

static bool open_file(struct npz *npz, const char *name, const struct byte_source *source,
                      struct fault *fault)
{
    npz->path = strdup(name);
    if (!npz->path)
        return fault_memory(fault, strlen(name), "a zip file");
    npz->descriptor = fcntl(source->descriptor, F_DUPFD_CLOEXEC, 0);
    npz->file_bytes = size_of_file(source->descriptor);
    return open_stream(npz, source, name, fault) && open_zip(npz, name, fault);
}

bool npz_open_source(struct npz **out, const char *name, const struct byte_source *source,
                     struct fault *fault)
{
    struct byte_source file = *source;
    *out = NULL;
    if (file.descriptor < 0 && !byte_source_spool(&file, name, source, fault))
        return false;
    struct npz *const npz = calloc(1, sizeof *npz);
    const bool good =
        npz ? open_file(npz, name, &file, fault) : fault_memory(fault, sizeof *npz, "a zip file");
    byte_source_close(&file);
    if (good)
        *out = npz;
    else
        npz_close(npz);
    return good;
}

bool npz_open(struct npz **out, const char *path, struct fault *fault)
{
    struct byte_source source;
    *out = NULL;
    return byte_source_open(&source, path, fault) &&
           npz_open_source(out, byte_source_name(path), &source, fault);
}

void npz_close(struct npz *npz)
{
    if (!npz)
        return;
    if (npz->zip)
        zip_discard(npz->zip);
    if (npz->descriptor >= 0)
        close(npz->descriptor);
    free(npz->path);
    free(npz);
}

/* The place of NAME.npy in the zip; -1 where it is not. */
static zip_int64_t locate(struct npz *npz, const char *name)
{
    char member[NPZ_NAME_BYTES];
    const int length = snprintf(member, sizeof member, "%s.npy", name);
    if (length < 0 || (size_t)length >= sizeof member)
        return -1;
    return zip_name_locate(npz->zip, member, 0);
}

bool npz_has(struct npz *npz, const char *name)
{
    return locate(npz, name) >= 0;
}

static bool tell_missing(const struct npz *npz, const char *name, struct fault *fault)
{
    char list[300] = "";
    size_t used = 0;
    const zip_int64_t count = zip_get_num_entries(npz->zip, 0);
    for (zip_int64_t i = 0; i < count && used < sizeof list; i++) {
        const char *const member = zip_get_name(npz->zip, (zip_uint64_t)i, 0);
        const size_t length = member ? strlen(member) : 0;
        const bool is_array = length > 4 && strcmp(member + length - 4, ".npy") == 0;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.*s", i ? ", " : "",
                                 (int)(is_array ? length - 4 : length), member ? member : "?");
    }
    return fault_set(fault, FAULT_INPUT, "%s: no array %s; it contains %s", npz->path, name,
                     count > 0 ? list : "nothing");
}

/* ---- a member as a source of bytes --------------------------------------------------------------------- */

struct member {
    const struct npz *npz;
    zip_file_t *file;
};

static bool member_read(void *state, const char *name, void *to, size_t bytes, size_t *got,
                        struct fault *fault)
{
    const struct member *const member = state;
    *got = 0;
    while (*got < bytes) {
        const zip_int64_t done = zip_fread(member->file, (char *)to + *got, bytes - *got);
        if (done < 0)
            return cannot_read(member->npz, name, zip_file_get_error(member->file), fault);
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return true;
}

static void member_close(void *state)
{
    struct member *const member = state;
    if (member->file)
        (void)zip_fclose(member->file);
    free(member);
}

static bool member_open(struct npz *npz, zip_uint64_t index, const char *name, void **out,
                        struct fault *fault)
{
    if (!fault_calloc(fault, out, 1, sizeof(struct member), "a reader"))
        return false;
    struct member *const member = *out;
    *member = (struct member){.npz = npz, .file = zip_fopen_index(npz->zip, index, 0)};
    if (member->file)
        return true;
    member_close(member);
    return cannot_read(npz, name, zip_get_error(npz->zip), fault);
}

/* The directory's word on the size, where it can be true: stored bytes lie in the file, and deflate has a
 * greatest ratio. */
static bool member_length(struct npz *npz, zip_uint64_t index, const char *name, int64_t *out,
                          struct fault *fault)
{
    zip_stat_t what;
    const zip_uint64_t needed =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(npz->zip, index, 0, &what) != 0 || (what.valid & needed) != needed)
        return cannot_read(npz, name, zip_get_error(npz->zip), fault);
    if (what.encryption_method != ZIP_EM_NONE)
        return fault_set(fault, FAULT_INPUT, "%s: encrypted", name);
    if (what.comp_method != ZIP_CM_STORE && what.comp_method != ZIP_CM_DEFLATE)
        return fault_set(fault, FAULT_INPUT, "%s: compressed by method %d; stored or deflated is needed",
                         name, (int)what.comp_method);
    const zip_uint64_t ratio = what.comp_method == ZIP_CM_STORE ? 1 : DEFLATE_GREATEST_RATIO;
    if (what.comp_size > (zip_uint64_t)npz->file_bytes || what.size / ratio > what.comp_size)
        return fault_set(fault, FAULT_INPUT, "%s: announces more bytes than the file can hold", name);
    *out = (int64_t)what.size;
    return true;
}

/* Where the member's bytes lie as they are. */
static void find_place(struct npz *npz, zip_uint64_t index, struct byte_source *source)
{
    const char *const member = zip_get_name(npz->zip, index, ZIP_FL_ENC_RAW);
    source->descriptor = -1;
    if (member && npz->descriptor >= 0 &&
        npz_place(npz->descriptor, npz->file_bytes, index, member, source->length, &source->offset))
        source->descriptor = npz->descriptor;
}

bool npz_array(struct npz *npz, const char *name, struct npy_reader **out, struct fault *fault)
{
    *out = NULL;
    const zip_int64_t index = locate(npz, name);
    if (index < 0)
        return tell_missing(npz, name, fault);
    char full[NPZ_NAME_BYTES + 1024];
    snprintf(full, sizeof full, "%s: %s", npz->path, name);
    struct byte_source source = {.read = member_read, .close = member_close};
    if (!member_length(npz, (zip_uint64_t)index, full, &source.length, fault))
        return false;
    find_place(npz, (zip_uint64_t)index, &source);
    return member_open(npz, (zip_uint64_t)index, full, &source.state, fault) &&
           npy_open_source(out, full, &source, fault);
}
